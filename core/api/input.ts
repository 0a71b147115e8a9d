import { fail, ok, type Result } from '../base/result.ts';
import { type Refusal, refuse } from './endpoint.ts';
import type { BodyCode, HttpRequest } from './http.ts';
import { parseStrictJson } from './json.ts';
import { knownFields } from './known-fields.ts';
import type { Bound } from './mount.ts';
import type { Surface } from './surface.ts';
import { type OpenUpload, type Upload, uploadRefusal } from './upload.ts';
import { explain, type Validate } from './validation.ts';

/** `{`: no name of a field begins so. */
const BRACE = 0x7b;
const FORM = 'application/x-www-form-urlencoded';

export interface Input<V> {
  readonly ok: true;
  readonly value: V;
}

/** Query and path parameters, validated. A parameter given twice is refused: which of the two was meant? */
export function readQuery(
  { query, surface }: Bound,
  search: string,
  params: Readonly<Record<string, string>>,
): Input<unknown> | Refusal {
  const unknown = surface.unknownQueryParameter;
  if (query === undefined && (unknown === 'ignore' || search === '')) return { ok: true, value: {} };
  const given: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(search)) {
    const shown = JSON.stringify(name.slice(0, 64));
    if (query === undefined || !query.names.has(name) || Object.hasOwn(params, name)) {
      if (unknown === 'refuse') return refuse(surface.invalidInput, `unknown parameter ${shown}`);
      continue;
    }
    if (Object.hasOwn(given, name)) return refuse(surface.invalidInput, `parameter ${shown} is given twice`);
    given[name] = value;
  }
  return checked(surface, query?.validate, { ...given, ...params }, 'parameter');
}

/** The body as a validated value, and whether it came as a form. Reads nothing when the endpoint takes no body. */
export async function readBody(
  bound: Bound,
  request: Pick<HttpRequest, 'header' | 'body' | 'pieces'>,
  openUpload: OpenUpload,
): Promise<(Input<unknown> & { readonly form: boolean; readonly upload?: Upload }) | Refusal> {
  const { surface, endpoint } = bound;
  if (endpoint.method === 'GET') return { ok: true, value: undefined, form: false };
  if (endpoint.upload !== undefined) {
    if (typeOf(request) !== 'multipart/form-data') {
      return refuse('unsupported_type', 'Content-Type must be multipart/form-data');
    }
    const pieces = request.pieces(endpoint.upload.totalBytes);
    const upload = openUpload(request.header('content-type') ?? '', pieces, endpoint.upload);
    return upload.ok ? { ok: true, value: undefined, form: false, upload: upload.value } : uploadRefusal(upload);
  }
  const form = endpoint.form === true && isForm(request);
  if (bound.body === undefined) return { ok: true, value: undefined, form };
  if (!form && !surface.jsonTypes.includes(typeOf(request))) {
    return refuse('unsupported_type', 'Content-Type must be application/json');
  }
  const { bodyBytes = surface.limits.bodyBytes } = endpoint;
  const bytes = await request.body(bodyBytes);
  if (!bytes.ok) return bodyRefusal(bytes.code, bodyBytes);
  if (form && bytes.value[0] === BRACE)
    return refuse('bad_request', 'the body is JSON but its type says form: send Content-Type: application/json');
  if (endpoint.optionalBody === true && bytes.value.length === 0) return { ok: true, value: {}, form };
  const parsed = form ? parseForm(bytes.value) : parseStrictJson(bytes.value, surface.limits.depth);
  if (!parsed.ok) return refuse('bad_request', parsed.public);
  const value = checked(surface, bound.body, parsed.value, 'field');
  if (!value.ok) return value;
  const isPruned = surface.unknownBodyField === 'ignore' && endpoint.body !== undefined;
  return { ok: true, value: isPruned ? knownFields(endpoint.body ?? {}, value.value) : value.value, form };
}

/** Whether the body is an HTML form, by its type. */
export const isForm = (request: Pick<HttpRequest, 'header'>): boolean => typeOf(request) === FORM;

const typeOf = (request: Pick<HttpRequest, 'header'>): string =>
  (request.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';

/** What a body that could not be read is answered with. */
export function bodyRefusal(code: BodyCode, limit: number): Refusal {
  switch (code) {
    case 'too_large':
      return refuse('too_large', `body is larger than ${limit} bytes`);
    case 'late':
      return refuse('timeout', 'body took too long');
    case 'aborted':
      return refuse('bad_request', 'body ended early');
  }
}

function checked(
  surface: Surface,
  validate: Validate | undefined,
  value: unknown,
  what: string,
): Input<unknown> | Refusal {
  if (validate === undefined || validate(value)) return { ok: true, value };
  const { problem, sentence } = explain(validate.errors, what);
  const { unknownBodyField: unknown, invalidInput } = surface;
  const isUnknown = validate.errors?.[0]?.keyword === 'additionalProperties' && typeof unknown === 'object';
  return { ...refuse(isUnknown ? unknown.refuse : invalidInput, sentence), fields: [problem] };
}

/** Fields of an HTML form; a name given twice is refused. The CSRF token of a form is not the endpoint's business. */
function parseForm(bytes: Uint8Array): Result<Record<string, string>, 'bad_form'> {
  const fields: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(new TextDecoder().decode(bytes))) {
    if (name === 'csrf_token') continue;
    if (name === '__proto__') return fail('bad_form', 'field "__proto__" is not allowed');
    if (Object.hasOwn(fields, name))
      return fail('bad_form', `field ${JSON.stringify(name.slice(0, 64))} is given twice`);
    fields[name] = value;
  }
  return ok(fields);
}
