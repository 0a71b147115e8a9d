import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import type { Clock, Log } from '../../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../../core/base/result.ts';
import {
  DEFAULT_LIMITS,
  type Doorway,
  type EngineLimits,
  type HttpEnginePort,
  type ListenCode,
  type TlsMaterial,
} from '../port.ts';
import { listenerOn } from './listener.ts';

/** The AEAD suites with forward secrecy; those of TLS 1.3 are always on. */
const TLS12_CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];

const MAX_HEADERS = 100;
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
    capabilities: { reload: true, localSocket: true, expectContinue: true, halfClose: true, attach: true },
    async listen(where, tls, serve, doorway) {
      const server = tlsServer(limits, tls, doorway);
      if (!server.ok) return server;
      const refused = await listening(bounded(server.value, limits), where);
      const reload = reloader(server.value);
      return refused ?? ok(listenerOn({ ...desk, server: server.value, serve, reload, ...(doorway && { doorway }) }));
    },
    async listenLocal(path, principal, serve) {
      const server = createServer(httpOptions(limits));
      const refused = await listening(bounded(server, limits), { path });
      if (refused !== undefined) return refused;
      chmodSync(path, OWNER_ONLY);
      return ok(listenerOn({ ...desk, server, serve, principal }));
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
  doorway: Doorway | undefined,
): Result<TlsServer, 'bad_certificate'> {
  try {
    assertUsable(tls);
    const options = {
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: limits.headerRead,
      shouldUpgradeCallback: ({ url = '' }: IncomingMessage) => doorway?.gate.covers(url) ?? false,
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

/** Node takes an empty or unfitting pair without a word and then fails every handshake. @throws saying what is wrong */
function assertUsable({ key, cert }: TlsMaterial): void {
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw new Error('key and certificate do not match');
}

const badCertificate = (thrown: unknown) =>
  fail('bad_certificate', `certificate or key cannot be used: ${messageOf(thrown)}`, thrown);

function bounded<S extends HttpServer | TlsServer>(server: S, limits: EngineLimits): S {
  server.maxConnections = limits.connections;
  server.maxHeadersCount = MAX_HEADERS;
  server.timeout = limits.stall;
  return server;
}

type Where = { readonly host: string; readonly port: number } | { readonly path: string };

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

function listenFailure(error: NodeJS.ErrnoException, where: Where): Result<never, ListenCode> {
  const what = 'path' in where ? where.path : `${where.host} port ${where.port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return fail('in_use', `cannot listen on ${what}: another program does already`, error);
    case 'EACCES':
    case 'EPERM':
      return fail(
        'denied',
        `cannot listen on ${what}: ${'path' in where ? 'its folder is missing or not writable' : 'not permitted (a port below 1024 needs CAP_NET_BIND_SERVICE)'}`,
        error,
      );
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return fail('bad_address', `cannot listen on ${what}: this host has no such address`, error);
    case 'ENAMETOOLONG':
    case 'EINVAL':
      return fail('bad_address', `cannot listen on ${what}: ${error.message}`, error);
    default:
      return fail('failed', `cannot listen on ${what}: ${error.message}`, error);
  }
}
