import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Log } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { hostAndPort } from '../../core/controller/settings.ts';
import type { EnrolmentRefusal } from '../../core/link/enrolment.ts';
import {
  contentType,
  decodeEnrolmentRequest,
  encodeEnrolmentRefusal,
  encodeEnrolmentReply,
  LIMITS,
} from '../link-wire/index.ts';
import type { Enrolment, Peer } from './enrolment.ts';

export interface EnrolmentServerDeps {
  /** `address:port`. */
  readonly listen: string;
  /** Whose path alone is answered. */
  readonly url: string;
  readonly key: string;
  /** The server's certificate and those above it, the root too. */
  readonly cert: string;
  /** What certificates that are renewed lead to. */
  readonly authorities: string;
  readonly enrolment: Enrolment;
  readonly log: Log;
}

/** Requests that are answered at the same time; more are told to come again. */
const MOST_AT_ONCE = 32;
const MOST_CONNECTIONS = 512;
const REQUEST_WITHIN_MS = 20_000;

const STATUS: Readonly<Record<EnrolmentRefusal['code'], number>> = {
  unknown_token: 403,
  used_token: 403,
  expired_token: 403,
  bad_proof: 403,
  revoked: 403,
  bad_request: 400,
  busy: 503,
};

/** HTTPS for appliances that enrol or renew: protobuf in, protobuf out. */
export async function openEnrolmentServer(
  deps: EnrolmentServerDeps,
): Promise<Result<{ close(): Promise<void> }, 'failed'>> {
  let running = 0;
  const server = createServer(
    {
      key: deps.key,
      cert: deps.cert,
      ca: deps.authorities,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      handshakeTimeout: 10_000,
    },
    (request, response) => {
      if (running >= MOST_AT_ONCE) {
        refuse(response, { code: 'busy', text: 'many come at once; come again in a moment' });
        return;
      }
      running++;
      answer(request, response, deps)
        .catch((cause: unknown) => {
          deps.log('error', 'an enrolment failed', { cause: messageOf(cause) });
          if (!response.headersSent) refuse(response, { code: 'busy', text: 'it failed here; come again' });
        })
        .finally(() => {
          running--;
        });
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  server.requestTimeout = REQUEST_WITHIN_MS;
  server.headersTimeout = REQUEST_WITHIN_MS;
  server.keepAliveTimeout = 1000;
  server.on('tlsClientError', () => undefined);
  const listening = await listen(server, deps.listen);
  if (!listening.ok) return listening;
  return ok({
    close: () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  });
}

function listen(server: Server, address: string): Promise<Result<void, 'failed'>> {
  const place = hostAndPort(address);
  return new Promise((tell) => {
    server.once('error', (cause) => tell(fail('failed', `enrolment.listen ${address}: ${messageOf(cause)}`, cause)));
    server.listen({ host: place?.host, port: place?.port }, () => tell(ok(undefined)));
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, deps: EnrolmentServerDeps): Promise<void> {
  if (request.method !== 'POST' || request.url !== pathOf(deps.url)) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('here is nothing\n');
    return;
  }
  const body = await bodyOf(request);
  if (body === undefined) {
    refuse(response, { code: 'bad_request', text: `at most ${LIMITS.EnrolmentRequest} bytes are taken` });
    return;
  }
  const read = decodeEnrolmentRequest(body);
  if (!read.ok) {
    refuse(response, { code: 'bad_request', text: read.public });
    return;
  }
  const enrolled = await deps.enrolment.asked(read.value, peerOf(request.socket as TLSSocket));
  if (!enrolled.ok) {
    deps.log('warn', 'an enrolment was refused', { serial: read.value.serial, code: enrolled.code });
    refuse(response, { code: enrolled.code, text: enrolled.public });
    return;
  }
  const reply = encodeEnrolmentReply(enrolled.value);
  if (!reply.ok) throw new Error(reply.public);
  response.writeHead(200, { 'content-type': contentType('EnrolmentReply') }).end(reply.value);
}

/** The certificate that the client showed, where it is one of the fleet's. */
function peerOf(socket: TLSSocket): Peer | undefined {
  if (!socket.authorized) return undefined;
  const { subject, serialNumber } = socket.getPeerCertificate();
  const commonName = subject?.CN;
  return typeof commonName === 'string' ? { commonName, serial: serialNumber.toLowerCase() } : undefined;
}

/** Undefined where it is too long. */
async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LIMITS.EnrolmentRequest) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function refuse(response: ServerResponse, refusal: EnrolmentRefusal): void {
  response
    .writeHead(STATUS[refusal.code], { 'content-type': contentType('EnrolmentRefusal'), connection: 'close' })
    .end(encodeEnrolmentRefusal(refusal));
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}
