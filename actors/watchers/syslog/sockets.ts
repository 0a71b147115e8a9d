import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type TLSSocket, type TlsOptions } from 'node:tls';
import { fail, messageOf, ok, type Result } from '../../../core/base/result.ts';
import type { Peer, Proof, StreamDoorHandlers, TlsMaterial } from './network.ts';

/** A sender that vanished without a word is noticed after this much silence and ten unanswered probes, one a second. */
const KEEP_ALIVE_MS = 60_000;
const HANDSHAKE_MS = 10_000;

/** Makes streams of admitted connections, which are paused. */
export interface Streams {
  take(socket: Socket, peer: Peer): void;
  renew(material: TlsMaterial): Result<void, 'bad-material'>;
}

export const plainStreams = (handlers: StreamDoorHandlers): Streams => ({
  take: (socket, peer) => connect(socket, peer, { kind: 'none' }, handlers),
  renew: () => ok(undefined),
});

/**
 * A session is never resumed, so that every connection's certificate is verified as of its beginning. A client
 * certificate is asked for only where there is an authority to judge it by; the system's authorities never count.
 */
export function tlsStreams(material: TlsMaterial, handlers: StreamDoorHandlers): Result<Streams, 'bad-material'> {
  const options: TlsOptions = {
    ...contextOf(material),
    requestCert: material.clientCa !== undefined,
    rejectUnauthorized: false,
    handshakeTimeout: HANDSHAKE_MS,
  };
  try {
    const server = createServer(options, (socket) => {
      connect(socket, peerOf(socket), proofOf(socket), handlers);
    });
    server.on('tlsClientError', (cause, socket) => {
      handlers.handshakeFailed(peerOf(socket), messageOf(cause));
      socket.destroy();
    });
    return ok({
      take: (socket) => server.emit('connection', socket),
      renew: (next) => attempt(() => server.setSecureContext(contextOf(next))),
    });
  } catch (thrown) {
    return unusable(thrown);
  }
}

const contextOf = ({ cert, key, clientCa }: TlsMaterial): SecureContextOptions => ({
  cert,
  key,
  ...(clientCa === undefined ? {} : { ca: clientCa }),
  minVersion: 'TLSv1.2',
  secureOptions: constants.SSL_OP_NO_TICKET,
});

function proofOf(socket: TLSSocket): Proof {
  const certificate = socket.getPeerCertificate();
  if (certificate === null || Object.keys(certificate).length === 0) return { kind: 'none' };
  if (!socket.authorized) return { kind: 'untrusted', why: messageOf(socket.authorizationError) };
  const { CN = '' } = certificate.subject;
  return {
    kind: 'certificate',
    certificate: {
      alternativeNames: certificate.subjectaltname ?? '',
      commonName: typeof CN === 'string' ? CN : '',
    },
  };
}

function connect(socket: Socket, peer: Peer, proof: Proof, door: StreamDoorHandlers): void {
  const stream = {
    peer,
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    destroy: () => void socket.destroy(),
  };
  socket.on('error', () => {});
  const handlers = door.connected(stream, proof);
  if (handlers === undefined) {
    socket.destroy();
    return;
  }
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  socket.on('data', (bytes: Uint8Array) => handlers.data(bytes));
  socket.on('end', () => handlers.end());
  socket.once('close', () => handlers.closed());
  socket.resume();
}

function attempt(change: () => void): Result<void, 'bad-material'> {
  try {
    change();
    return ok(undefined);
  } catch (thrown) {
    return unusable(thrown);
  }
}

const unusable = (thrown: unknown) =>
  fail('bad-material', `the certificate or key cannot be used: ${messageOf(thrown)}`, thrown);

const peerOf = (socket: Socket): Peer => ({
  address: (socket.remoteAddress ?? '').replace(/%.*/, ''),
  port: socket.remotePort ?? 0,
});
