import { createHash, X509Certificate } from 'node:crypto';
import type { LookupAddress } from 'node:dns';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { pipeline } from 'node:stream';
import { checkServerIdentity, getCACertificates, type PeerCertificate } from 'node:tls';
import { createGunzip } from 'node:zlib';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { minutes, seconds } from '../../core/base/time.ts';
import { guardedLookup, RefusedAddress, refusedAddress, resolveAll } from './lookup.ts';
import type { Fetch, OutboundAnswer, OutboundFailure, OutboundLimits, OutboundRequest, TakePiece } from './port.ts';

const LIMITS: OutboundLimits = { connect: seconds(10), idle: seconds(30), whole: minutes(10), redirects: 5 };
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** What ends a request that is not the network's fault. */
class Refused extends Error {}

/** @param byName how names are resolved; as the system does where nothing is given */
export const httpsFetch =
  (byName: (name: string) => Promise<LookupAddress[]> = resolveAll): Fetch =>
  async (request, take) => {
    const limits = { ...LIMITS, ...request.limits };
    const abort = new AbortController();
    const timer = setTimeout(
      () => abort.abort(new Error(`it took longer than ${limits.whole / 1000} s`)),
      limits.whole,
    );
    const signal = AbortSignal.any([abort.signal, ...(request.signal === undefined ? [] : [request.signal])]);
    try {
      return await follow({ request, limits, byName, take, signal });
    } finally {
      clearTimeout(timer);
      abort.abort();
    }
  };

interface Journey {
  readonly request: OutboundRequest;
  readonly limits: OutboundLimits;
  readonly byName: (name: string) => Promise<LookupAddress[]>;
  readonly take: TakePiece;
  readonly signal: AbortSignal;
}

async function follow(journey: Journey): Promise<Result<OutboundAnswer, OutboundFailure>> {
  let url = new URL(journey.request.url);
  for (let step = 0; step <= journey.limits.redirects; step++) {
    try {
      const response = await head(journey, url);
      const { statusCode: status = 0, headers } = response;
      if (!REDIRECTS.has(status)) return await answerOf(journey, url, response);
      response.destroy();
      const next = headers.location;
      if (next === undefined || !URL.canParse(next, url.href)) return fail('refused', `${url.host} redirects nowhere`);
      url = new URL(next, url.href);
    } catch (thrown) {
      const isRefused = thrown instanceof Refused || thrown instanceof RefusedAddress;
      const cause = journey.signal.aborted ? journey.signal.reason : thrown;
      return fail(isRefused ? 'refused' : 'unreachable', `${url.host}: ${messageOf(cause)}`, thrown);
    }
  }
  return fail('refused', `${url.host}: more than ${journey.limits.redirects} redirects`);
}

/** The answer's head. Rejects with what kept it away. */
function head({ request, limits, byName, signal }: Journey, url: URL): Promise<IncomingMessage> {
  const { allowPrivate, pin, ca, headers } = request;
  if (url.protocol !== 'https:') throw new Refused(`${url.protocol} is not https:`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const why = isIP(host) === 0 ? undefined : refusedAddress(host, allowPrivate);
  if (why !== undefined) throw new Refused(why);
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(url, {
      agent: false,
      signal,
      lookup: guardedLookup(allowPrivate, byName),
      headers: { 'user-agent': 'bartizan', accept: '*/*', 'accept-encoding': 'gzip', ...headers },
      ...(ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] }),
      checkServerIdentity: (name, certificate) => checkServerIdentity(name, certificate) ?? checkPin(certificate, pin),
    });
    const slow = setTimeout(
      () => sent.destroy(new Error(`no connection within ${limits.connect / 1000} s`)),
      limits.connect,
    );
    sent.on('socket', (socket) => socket.once('secureConnect', () => clearTimeout(slow)));
    sent.setTimeout(limits.idle, () => sent.destroy(new Error(`nothing came for ${limits.idle / 1000} s`)));
    sent.on('response', resolve);
    sent.on('error', reject);
    sent.on('close', () => clearTimeout(slow));
    sent.end();
  });
}

function checkPin({ raw }: PeerCertificate, pin: string | undefined): Error | undefined {
  if (pin === undefined) return undefined;
  const key = new X509Certificate(raw).publicKey.export({ type: 'spki', format: 'der' });
  const found = createHash('sha256').update(key).digest('hex');
  return found === pin ? undefined : new Refused(`its public key is ${found}, another one is pinned`);
}

async function answerOf(
  { request, take }: Journey,
  url: URL,
  response: IncomingMessage,
): Promise<Result<OutboundAnswer, OutboundFailure>> {
  const { statusCode: status, headers } = response;
  if (status !== 200 && status !== 304) {
    response.destroy();
    return fail('unreachable', `${url.host} answers with status ${status}`);
  }
  const announced = Number(headers['content-length'] ?? 0);
  if (announced > request.maxBytes) {
    response.destroy();
    return fail('refused', `${url.host} would send ${announced} bytes; at most ${request.maxBytes} are taken`);
  }
  await receive(response, request.maxBytes, take);
  if (!response.complete) return fail('unreachable', `${url.host} sent less than it said`);
  const { etag, 'last-modified': lastModified } = headers;
  return ok({
    status,
    url: url.href,
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  });
}

/** Content of an unknown coding is refused; a bomb ends at the limit, and so does what never unpacks to anything. */
async function receive(response: IncomingMessage, maxBytes: number, take: TakePiece): Promise<void> {
  const coding = response.headers['content-encoding'] ?? 'identity';
  if (coding !== 'gzip' && coding !== 'identity') throw new Refused(`it is coded as ${coding}`);
  const sent = limited(response, maxBytes, '');
  const content =
    coding === 'gzip'
      ? limited(
          pipeline(sent, createGunzip(), () => {}),
          maxBytes,
          ' when it is unpacked',
        )
      : sent;
  for await (const piece of content) take(piece);
}

async function* limited(pieces: AsyncIterable<Uint8Array>, most: number, when: string): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > most) throw new Refused(`it is longer than ${most} bytes${when}`);
    yield piece;
  }
}
