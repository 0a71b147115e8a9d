import { type FileReply, type Refusal, refuse } from './endpoint.ts';
import { API_HEADERS } from './headers.ts';
import type { HttpReply, HttpRequest } from './http.ts';

/** A stretch of bytes, or why there is none: `all` when no range that can be served was asked for. */
type Stretch = { readonly from: number; readonly length: number } | 'all' | 'unsatisfiable';

/**
 * A file, or the stretch of it that was asked for, or that it has not changed (RFC 9110, 13 and 14). Shown by a browser
 * it is a download: nothing in it is rendered or run here.
 */
export async function fileReply(
  request: HttpRequest,
  { file, headers: more }: FileReply,
): Promise<HttpReply | Refusal> {
  const { size, tag, mediaType, name } = file;
  const etag = `"${tag}"`;
  const headers = { ...FILE_HEADERS, etag, ...more };
  if (matches(request.header('if-none-match'), etag)) return { status: 304, headers, body: '' };
  const stretch = stretchOf(request, size, etag);
  if (stretch === 'unsatisfiable') {
    const refusal = refuse('range_not_satisfiable', `the file has ${size} bytes`);
    return { ...refusal, headers: { 'content-range': `bytes */${size}` } };
  }
  const { from, length } = stretch === 'all' ? { from: 0, length: size } : stretch;
  const source = await file.open(from, length);
  if (!source.ok) return refuse('gone', source.public, source.cause);
  const head = { ...headers, 'content-type': mediaType, 'content-disposition': disposition(name) };
  const range = { 'content-range': `bytes ${from}-${from + length - 1}/${size}` };
  return stretch === 'all'
    ? { status: 200, headers: head, body: '', source: source.value }
    : { status: 206, headers: { ...head, ...range }, body: '', source: source.value };
}

const FILE_HEADERS = {
  ...API_HEADERS,
  'content-security-policy': `${API_HEADERS['content-security-policy']}; sandbox`,
  'cache-control': 'private, no-cache',
  'accept-ranges': 'bytes',
};

const matches = (header: string | undefined, etag: string): boolean =>
  header?.split(',').some((one) => ['*', etag].includes(one.trim().replace(/^W\//, ''))) ?? false;

/** Several ranges at once are answered with the whole, as a server may; so is a range of another version, and HEAD. */
function stretchOf(request: HttpRequest, size: number, etag: string): Stretch {
  const range = request.method === 'GET' ? (request.header('range') ?? '') : '';
  const asked = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range);
  const version = request.header('if-range');
  if (asked === null || asked[0] === 'bytes=-' || (version !== undefined && version !== etag)) return 'all';
  const [, first = '', last = ''] = asked;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { from: size - length, length };
  }
  const from = Number(first);
  const to = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < from) return 'all';
  return from >= size ? 'unsatisfiable' : { from, length: to - from + 1 };
}

/** RFC 6266: a plain name for old clients, the real one percent-encoded beside it. */
function disposition(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9 ._()+-]/g, '_').trim() || 'download';
  const encoded = encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16)}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
