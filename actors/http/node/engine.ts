import { chmodSync } from 'node:fs';
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import type { Clock, Log } from '../../../core/base/ports.ts';
import { ok, type Result } from '../../../core/base/result.ts';
import { MAX_HEADERS } from '../head.ts';
import { listenFailure, type Where } from '../listen-failure.ts';
import {
  type AttachPoint,
  DEFAULT_LIMITS,
  type EngineLimits,
  type HttpEnginePort,
  type ListenCode,
  type TlsMaterial,
} from '../port.ts';
import { assertUsable, badCertificate, TLS12_CIPHERS } from '../tls.ts';
import { isAttached } from './attach.ts';
import { listenerOn } from './listener.ts';

/** More than may be sent, so that too many are seen and refused instead of left out. */
const HEADERS_SEEN = 2 * MAX_HEADERS;
const OWNER_ONLY = 0o600;

export interface NodeEngineOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<EngineLimits>;
}

/** The engine that is always there: node:https, node:http on the local socket. */
export function nodeEngine({ clock, log, limits: wanted }: NodeEngineOptions): HttpEnginePort {
  const limits = { ...DEFAULT_LIMITS, ...wanted };
  const desk = { clock, log, limits };
  return {
    name: 'node:https',
    capabilities: {
      reload: true,
      localSocket: true,
      expectContinue: true,
      halfClose: true,
      attach: true,
      pipelining: true,
      allForms: true,
      exactChunks: true,
      wordedRefusals: true,
      alpn: true,
      lateness: limits.sweep,
    },
    async listen(where, tls, serve, { points = [], onRefused } = {}) {
      const server = tlsServer(limits, tls, points);
      if (!server.ok) return server;
      const refused = await listening(bounded(server.value, limits), where);
      const reload = reloader(server.value);
      return refused ?? ok(listenerOn({ ...desk, server: server.value, serve, reload, points, onRefused }));
    },
    async listenLocal(path, principal, serve, { onRefused } = {}) {
      const server = createServer(httpOptions(limits));
      const refused = await listening(bounded(server, limits), { path });
      if (refused !== undefined) return refused;
      chmodSync(path, OWNER_ONLY);
      return ok(listenerOn({ ...desk, server, serve, principal, points: [], onRefused }));
    },
  };
}

const httpOptions = (limits: EngineLimits): ServerOptions => ({
  maxHeaderSize: limits.headerBytes,
  headersTimeout: limits.headerRead,
  requestTimeout: limits.uploadRead,
  keepAliveTimeout: limits.idle,
  connectionsCheckingInterval: limits.sweep,
  noDelay: true,
  // Looked after with everything else that is wrong with a head, in the same words.
  requireHostHeader: false,
});

const secureOptions = ({ key, cert }: TlsMaterial): SecureContextOptions => ({
  key,
  cert,
  minVersion: 'TLSv1.2',
  ciphers: ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', ...TLS12_CIPHERS].join(
    ':',
  ),
  honorCipherOrder: true,
});

function tlsServer(
  limits: EngineLimits,
  tls: TlsMaterial,
  points: readonly AttachPoint[],
): Result<TlsServer, 'bad_certificate'> {
  try {
    assertUsable(tls);
    const options = {
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: limits.headerRead,
      shouldUpgradeCallback: (incoming: IncomingMessage) => isAttached(points, incoming),
    };
    return ok(createTlsServer({ ...httpOptions(limits), ...secureOptions(tls), ...options }));
  } catch (thrown) {
    return badCertificate(thrown);
  }
}

const reloader = (server: TlsServer) => (tls: TlsMaterial) => {
  try {
    assertUsable(tls);
    server.setSecureContext(secureOptions(tls));
    return ok(undefined);
  } catch (thrown) {
    return badCertificate(thrown);
  }
};

function bounded<S extends HttpServer | TlsServer>(server: S, limits: EngineLimits): S {
  server.maxConnections = limits.connections;
  server.maxHeadersCount = HEADERS_SEEN;
  server.timeout = limits.stall;
  return server;
}

/** @returns `undefined` once it listens */
function listening(server: HttpServer | TlsServer, where: Where): Promise<Result<never, ListenCode> | undefined> {
  return new Promise((resolve) => {
    const onError = (error: NodeJS.ErrnoException) => resolve(listenFailure(error, where));
    server.once('error', onError);
    server.listen(where, () => {
      server.off('error', onError);
      resolve(undefined);
    });
  });
}
