/** Why a request was not served; each surface maps it to its status and error body. */
export type ErrorCode =
  | 'bad_request'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'timeout'
  | 'conflict'
  | 'gone'
  | 'precondition_failed'
  | 'too_large'
  | 'unsupported_type'
  | 'range_not_satisfiable'
  | 'invalid'
  | 'rate_limited'
  | 'internal'
  | 'unavailable'
  | 'insufficient_storage';

/** One wrong field: its path as a client writes it (`rules[2].name`) and what is wrong in plain words. */
export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

/** What an error body is made of. */
export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly fields: readonly FieldProblem[];
  readonly requestId: string;
}

/** The HTTP meaning of each code; a surface starts from this. */
export const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = {
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  timeout: 408,
  conflict: 409,
  gone: 410,
  precondition_failed: 412,
  too_large: 413,
  unsupported_type: 415,
  range_not_satisfiable: 416,
  invalid: 422,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
  insufficient_storage: 507,
};
