import { request as httpRequest } from 'node:http';
import { connect as connectTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { type Millis, seconds } from '../../core/base/time.ts';
import { CONNECT_WITHIN } from '../../core/link/connecting.ts';

/** A peer that is gone without a word is noticed by the kernel, too. */
const TCP_KEEPALIVE: Millis = seconds(120);

export interface Path {
  /** A host name or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** `http:`; everything goes through it by CONNECT. */
  readonly proxy?: string;
  readonly tls: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'ALPNProtocols' | 'allowPartialTrustChain'>;
  /** The peer's certificate is only looked at: nothing is said, and nothing that comes is believed. */
  readonly isLooking?: boolean;
  readonly signal: AbortSignal;
}

/** A TLS connection that stands, straight or through a proxy. Rejects with what kept it from standing. */
export async function openPath(path: Path): Promise<TLSSocket> {
  const timeout = new AbortController();
  const cancel = within(CONNECT_WITHIN, () =>
    timeout.abort(new Error(`no connection within ${CONNECT_WITHIN / 1000} s`)),
  );
  const signal = AbortSignal.any([path.signal, timeout.signal]);
  try {
    const raw = path.proxy === undefined ? await tcp(path, signal) : await throughProxy(path, path.proxy, signal);
    return await secured(raw, path, signal);
  } finally {
    cancel();
  }
}

function tcp({ host, port }: Pick<Path, 'host' | 'port'>, signal: AbortSignal): Promise<Socket> {
  const socket = connectTcp({ host, port, keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE, noDelay: true });
  return standing(socket, 'connect', signal);
}

/** RFC 9110, 9.3.6. What the proxy sends behind its answer belongs to the broker. */
function throughProxy({ host, port }: Path, proxy: string, signal: AbortSignal): Promise<Duplex> {
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const { hostname, port: proxyPort } = new URL(proxy);
  return new Promise((resolve, reject) => {
    const asked = httpRequest({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: proxyPort === '' ? 80 : Number(proxyPort),
      method: 'CONNECT',
      path: target,
      headers: { host: target },
      agent: false,
      signal,
    });
    asked.on('connect', ({ statusCode = 0 }, socket, head) => {
      if (statusCode < 200 || statusCode > 299) {
        socket.destroy();
        reject(new Error(`the proxy ${proxy} refuses with status ${statusCode}`));
        return;
      }
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    asked.on('response', (response) => {
      response.destroy();
      reject(new Error(`the proxy ${proxy} answers with status ${response.statusCode}`));
    });
    asked.on('error', (cause) =>
      reject(signal.aborted ? signal.reason : new Error(`proxy ${proxy}: ${cause.message}`)),
    );
    asked.end();
  });
}

function secured(raw: Duplex, { host, tls, isLooking = false }: Path, signal: AbortSignal): Promise<TLSSocket> {
  const socket = connectTls({
    ...tls,
    socket: raw,
    host,
    // Of an address there is no name to ask for.
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: !isLooking,
  });
  return standing(socket, 'secureConnect', signal);
}

function standing<S extends Duplex>(socket: S, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<S> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void): void => {
      signal.removeEventListener('abort', aborted);
      socket.off(event, stands).off('error', failed).off('close', closed);
      settle();
    };
    const stands = (): void => done(() => resolve(socket));
    const failed = (cause: Error): void => done(() => reject(cause));
    const closed = (): void => done(() => reject(new Error('the connection was closed while it was made')));
    const aborted = (): void =>
      done(() => {
        socket.on('error', () => {}).destroy();
        reject(signal.reason);
      });
    socket.on(event, stands).on('error', failed).on('close', closed);
    signal.addEventListener('abort', aborted);
    if (signal.aborted) aborted();
  });
}

/** Runs once after so long unless it is cancelled. */
export function within(length: Millis, run: () => void): () => void {
  const timer = setTimeout(run, length);
  return () => clearTimeout(timer);
}
