import { createHash, X509Certificate } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { seconds } from '../../core/base/time.ts';
import { openPath, within } from './effects.ts';
import type { Credentials } from './port.ts';

/** What an enrolment server is asked, and by whom. */
export interface ServerQuestion {
  readonly url: string;
  /** SHA-256 of the authority that its certificate leads to, hex. */
  readonly authority: string;
  readonly proxy?: string;
  readonly body: Uint8Array;
  /** Of a renewal: the certificate that is to be renewed. */
  readonly credentials?: Pick<Credentials, 'cert' | 'key'>;
  readonly signal: AbortSignal;
}

export interface ServerAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

const LARGEST_ANSWER = 256 * 1024;
/** From the first step to the last byte. */
const WHOLE = seconds(60);

/** Asks by POST; a server that leads to another authority is never told anything. */
export async function askServer(asked: ServerQuestion): Promise<Result<ServerAnswer, 'unreachable' | 'untrusted'>> {
  const late = new AbortController();
  const cancel = within(WHOLE, () => late.abort(new Error(`no answer within ${WHOLE / 1000} s`)));
  const question = { ...asked, signal: AbortSignal.any([asked.signal, late.signal]) };
  const url = new URL(question.url);
  let socket: TLSSocket | undefined;
  try {
    const trusted = await authorityOf(question, url);
    if (!trusted.ok) return trusted;
    socket = await open(question, url, { ca: trusted.value });
    return ok(await post(question, url, socket));
  } catch (thrown) {
    return fail('unreachable', `${url.host}: ${messageOf(thrown)}`, thrown);
  } finally {
    cancel();
    socket?.destroy();
  }
}

/**
 * The authority itself, of which the token has only the hash: taken from a first handshake, in which nothing is said, and
 * believed because of the hash. The connection that counts is verified against it as any other is.
 */
async function authorityOf(question: ServerQuestion, url: URL): Promise<Result<string, 'untrusted'>> {
  let chain: DetailedPeerCertificate | undefined;
  const socket = await open(question, url, {
    isLooking: true,
    seen: (certificate) => {
      chain = certificate;
    },
  });
  socket.destroy();
  const seen = new Set<string>();
  for (let one = chain; one?.raw !== undefined && !seen.has(one.fingerprint256); one = one.issuerCertificate) {
    seen.add(one.fingerprint256);
    if (createHash('sha256').update(one.raw).digest('hex') === question.authority) {
      return ok(new X509Certificate(one.raw).toString());
    }
  }
  return fail(
    'untrusted',
    `${url.host} is not the server that the token names: its certificate leads to another authority`,
  );
}

interface Opening {
  readonly ca?: string;
  /** Nothing will be said on it. */
  readonly isLooking?: boolean;
  readonly seen?: (certificate: DetailedPeerCertificate) => void;
}

async function open(
  { proxy, credentials, signal }: ServerQuestion,
  { hostname, port }: URL,
  { ca, isLooking = false, seen }: Opening,
): Promise<TLSSocket> {
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket = await openPath({
    host,
    port: port === '' ? 443 : Number(port),
    ...(proxy === undefined ? {} : { proxy }),
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(credentials === undefined || isLooking ? {} : { cert: credentials.cert, key: credentials.key }),
      ALPNProtocols: ['http/1.1'],
      // The token may name an authority that is under another one.
      allowPartialTrustChain: true,
    },
    isLooking,
    signal,
  });
  seen?.(socket.getPeerCertificate(true));
  return socket;
}

function post({ body, signal }: ServerQuestion, url: URL, socket: TLSSocket): Promise<ServerAnswer> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest({
      method: 'POST',
      path: `${url.pathname}${url.search}`,
      headers: {
        host: url.host,
        'user-agent': 'bartizan',
        'content-type': 'application/x-protobuf; messageType=bartizan.v1.EnrolmentRequest',
        'content-length': body.length,
        connection: 'close',
      },
      // Without an agent: one would make a connection of its own.
      createConnection: () => socket,
      signal,
    });
    asked.on('error', reject);
    asked.on('response', (response) => {
      const pieces: Buffer[] = [];
      let length = 0;
      response.on('data', (piece: Buffer) => {
        length += piece.length;
        if (length > LARGEST_ANSWER) response.destroy(new Error(`it answers with more than ${LARGEST_ANSWER} bytes`));
        else pieces.push(piece);
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces) }));
    });
    asked.end(body);
  });
}
