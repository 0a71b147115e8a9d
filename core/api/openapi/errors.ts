import { type Endpoint, isWrite } from '../endpoint.ts';
import type { ErrorCode } from '../problem.ts';
import { plainSchema } from '../schema.ts';
import type { Surface } from '../surface.ts';
import type { Reference, Response } from './document.ts';

const MEANING: Readonly<Record<ErrorCode, string>> = {
  bad_request: 'The request is malformed, or what it asks for cannot be',
  unauthorized: 'No credential, or none that may do this',
  forbidden: 'CSRF token missing or wrong, or a foreign Origin',
  not_found: 'There is no such thing',
  method_not_allowed: 'The path does not know this method',
  timeout: 'The client took too long',
  conflict: 'The state of the appliance forbids it',
  gone: 'It was there once',
  precondition_failed: 'It is not any more what If-Match names',
  insufficient_storage: 'There is no room left for it',
  range_not_satisfiable: 'The file has no such stretch',
  too_large: 'The body is too large',
  unsupported_type: 'The body has a type that is not read',
  invalid: 'Well-formed, but a value is wrong',
  rate_limited: 'Too many requests of this client',
  internal: 'The appliance failed; the log has the request id',
  unavailable: 'The appliance cannot do this now',
};

const responseKey = ({ name }: Surface, code: ErrorCode): string => `${name}.${code}`;

/** Every error of a surface, under the name that operations refer to. */
export const errorResponses = (surface: Surface): [string, Response][] =>
  (Object.keys(MEANING) as ErrorCode[]).map((code) => [
    responseKey(surface, code),
    {
      description: MEANING[code],
      ...(code === 'rate_limited'
        ? { headers: { 'Retry-After': { description: 'Seconds to wait', schema: { type: 'integer', minimum: 1 } } } }
        : {}),
      content: { 'application/json': { schema: plainSchema(surface.errorSchema(code)) } },
    },
  ]);

/** What an endpoint may be refused with, by status: its own errors, then those of the kernel. Of two codes with one status its own stands. */
export function errorsOf(endpoint: Endpoint<never>, surface: Surface): Readonly<Record<string, Reference>> {
  const byStatus = new Map<string, Reference>();
  for (const code of [...endpoint.errors, ...kernelErrors(endpoint, surface)]) {
    const status = String(surface.status[code]);
    if (!byStatus.has(status)) byStatus.set(status, { $ref: `#/components/responses/${responseKey(surface, code)}` });
  }
  return Object.fromEntries([...byStatus].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What happens before and around every handler. */
function kernelErrors(
  { scope, query, body, upload, method, transport }: Endpoint<never>,
  surface: Surface,
): readonly ErrorCode[] {
  return [
    ...(transport === 'file' ? ['range_not_satisfiable' as const] : []),
    ...(query !== undefined || body !== undefined ? [surface.invalidInput, 'bad_request' as const] : []),
    ...(body !== undefined && typeof surface.unknownBodyField === 'object' ? [surface.unknownBodyField.refuse] : []),
    ...(scope === 'none' ? [] : ['unauthorized' as const]),
    ...(isWrite(method) && (body ?? upload) !== undefined ? (['too_large', 'unsupported_type'] as const) : []),
    'forbidden',
    'rate_limited',
    'internal',
    'unavailable',
  ];
}
