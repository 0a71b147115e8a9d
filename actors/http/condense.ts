import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { HttpReply, HttpRequest } from '../../core/api/http.ts';
import type { Awaitable } from '../../core/base/awaitable.ts';

/** Below this a header costs more than is saved. */
const LEAST_BYTES = 1024;
const COMPRESSIBLE = /^(?:text\/|application\/(?:json|manifest\+json|javascript)|image\/svg\+xml)/;

/** Quick rather than thorough: a reply is compressed once and thrown away. Best first. */
const ENCODERS = {
  br: (bytes: Uint8Array) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  gzip: promisify(gzip),
} as const;
type Encoding = keyof typeof ENCODERS;

/** Replies that many requests share, tagged. */
const tagged = new WeakMap<HttpReply, HttpReply>();

/**
 * Gives a whole reply to a read a tag, answers 304 to who has it already, and compresses what is worth it. A reply that
 * hands out a cookie is left alone: its length would tell of the secrets in it, compressed beside what a client wrote.
 */
export function condense(request: HttpRequest, plain: HttpReply): Awaitable<HttpReply> {
  if (!isPlainRead(request, plain)) return plain;
  const reply = tagged.get(plain) ?? tag(plain);
  const etag = reply.headers['etag'] ?? '';
  if (isCurrent(request.header('if-none-match'), etag)) return { ...reply, status: 304, body: '' };
  const encoding = isWorthIt(reply) ? accepted(request.header('accept-encoding')) : undefined;
  return encoding === undefined ? reply : compressed(reply, encoding);
}

function tag(plain: HttpReply): HttpReply {
  const etag = plain.headers['etag'] ?? `W/"${hash('sha256', plain.body, 'base64url').slice(0, 22)}"`;
  const headers = { ...plain.headers, etag, ...(isWorthIt(plain) ? { vary: 'accept-encoding' } : {}) };
  const reply = { ...plain, headers };
  tagged.set(plain, reply);
  return reply;
}

const isWorthIt = ({ body, headers }: HttpReply): boolean =>
  body.length >= LEAST_BYTES && COMPRESSIBLE.test(headers['content-type'] ?? '');

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

/** It goes out as it is when there is no memory for compressing it. */
const compressed = (reply: HttpReply, encoding: Encoding): Promise<HttpReply> =>
  ENCODERS[encoding](typeof reply.body === 'string' ? Buffer.from(reply.body) : reply.body).then(
    (body) => ({
      ...reply,
      headers: { ...reply.headers, etag: `W/${bare(reply.headers['etag'] ?? '')}`, 'content-encoding': encoding },
      body,
    }),
    () => reply,
  );

/** The best encoding that the client takes; one with `q=0` it does not take. */
function accepted(header: string | undefined): Encoding | undefined {
  if (header === undefined) return undefined;
  const taken = new Set(
    header
      .toLowerCase()
      .split(',')
      .filter((one) => !/;\s*q=0(?:\.0*)?\s*$/.test(one))
      .map((one) => one.split(';', 1)[0]?.trim()),
  );
  return (Object.keys(ENCODERS) as Encoding[]).find((encoding) => taken.has(encoding));
}
