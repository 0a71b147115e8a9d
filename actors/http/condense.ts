import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Dispatch, HttpReply, HttpRequest } from '../../core/api/http.ts';
import { type Awaitable, whenThere } from '../../core/base/awaitable.ts';

/** Below this a header costs more than is saved. */
const LEAST_BYTES = 1024;
const COMPRESSIBLE = /^(?:text\/|application\/(?:json|manifest\+json|javascript)|image\/svg\+xml)/;

/** Quick rather than thorough: a reply is compressed once and thrown away. Best first. */
const ENCODERS = {
  br: (bytes: Uint8Array) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  gzip: promisify(gzip),
} as const;
type Encoding = keyof typeof ENCODERS;

/**
 * Gives whole replies to reads a tag, answers 304 to who has them already, and compresses what is worth it. A reply that
 * hands out a cookie is left alone: its length would tell of the secrets in it, compressed beside what a client wrote.
 */
export const condensed =
  (serve: Dispatch): Dispatch =>
  (request) =>
    whenThere(serve(request), (reply) => {
      if (!isPlainRead(request, reply)) return reply;
      const tag = reply.headers['etag'] ?? `W/"${hash('sha256', reply.body, 'base64url').slice(0, 22)}"`;
      const tagged = { ...reply, headers: { ...reply.headers, etag: tag } };
      if (isCurrent(request.header('if-none-match'), tag)) return { ...tagged, status: 304, body: '' };
      return compressed(request, tagged, tag);
    });

const isPlainRead = ({ method }: HttpRequest, { status, headers, stream, body }: HttpReply): boolean =>
  (method === 'GET' || method === 'HEAD') &&
  status === 200 &&
  stream === undefined &&
  body.length > 0 &&
  headers['set-cookie'] === undefined;

/** Whether the tag is among those of If-None-Match; for this comparison a weak one equals a strong one. */
const isCurrent = (header: string | undefined, tag: string): boolean =>
  header?.split(',').some((one) => one.trim() === '*' || bare(one.trim()) === bare(tag)) ?? false;

const bare = (tag: string): string => tag.replace(/^W\//, '');

function compressed(request: HttpRequest, reply: HttpReply, tag: string): Awaitable<HttpReply> {
  const bytes = typeof reply.body === 'string' ? Buffer.from(reply.body) : reply.body;
  if (bytes.length < LEAST_BYTES || !COMPRESSIBLE.test(reply.headers['content-type'] ?? '')) return reply;
  const headers = { ...reply.headers, vary: 'accept-encoding' };
  const encoding = accepted(request.header('accept-encoding'));
  if (encoding === undefined) return { ...reply, headers };
  return ENCODERS[encoding](bytes).then((body) => ({
    ...reply,
    headers: { ...headers, etag: `W/${bare(tag)}`, 'content-encoding': encoding },
    body,
  }));
}

/** The best encoding that the client takes; one with `q=0` it does not take. */
function accepted(header: string | undefined): Encoding | undefined {
  const taken = new Set(
    (header ?? '')
      .toLowerCase()
      .split(',')
      .filter((one) => !/;\s*q=0(?:\.0*)?\s*$/.test(one))
      .map((one) => one.split(';', 1)[0]?.trim()),
  );
  return (Object.keys(ENCODERS) as Encoding[]).find((encoding) => taken.has(encoding));
}
