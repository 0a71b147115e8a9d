import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { endianness } from 'node:os';
import { type Failure, fail, messageOf, ok, type Result } from '../../../core/base/result.ts';
import type {
  DatagramDoor,
  DatagramHandlers,
  NetworkPort,
  OpenCode,
  Peer,
  StreamDoor,
  StreamDoorHandlers,
  TlsMaterial,
} from './network.ts';
import type { Endpoint } from './port.ts';
import { dropsAt } from './proc-net.ts';
import { plainStreams, type Streams, tlsStreams } from './sockets.ts';

/** A PEM file is a few kilobytes. */
const LARGEST_FILE = 1024 * 1024;

/** The machine's own network. */
export const openNetwork = (): NetworkPort => ({ openDatagrams, openStreams, readText });

async function openDatagrams(
  at: Endpoint,
  receiveBuffer: number,
  handlers: DatagramHandlers,
): Promise<Result<DatagramDoor, OpenCode>> {
  const socket = createSocket({ type: at.address.includes(':') ? 'udp6' : 'udp4', recvBufferSize: receiveBuffer });
  try {
    socket.bind({ address: at.address, port: at.port, exclusive: true });
    await once(socket, 'listening');
  } catch (thrown) {
    socket.close();
    return explain(at, thrown);
  }
  let isClosed = false;
  const closed = once(socket, 'close');
  socket.on('message', (bytes, { address, port }) => {
    if (!isClosed) handlers.datagram(bytes, peerOf(address, port));
  });
  socket.on('error', (cause) => {
    if (!isClosed) handlers.failed(messageOf(cause));
  });
  const bound = endpointOf(socket.address());
  return ok({
    at: bound,
    receiveBuffer: grantedBuffer(socket),
    dropped: () => droppedAt(bound),
    close: async () => {
      if (!isClosed) socket.close();
      isClosed = true;
      await closed;
    },
  });
}

/** The kernel doubles what it grants, for its own bookkeeping. */
const grantedBuffer = (socket: DatagramSocket): number => socket.getRecvBufferSize() / 2;

async function droppedAt(at: Endpoint): Promise<number | undefined> {
  const table = await readFile(`/proc/self/net/udp${at.address.includes(':') ? '6' : ''}`, 'latin1').catch(() => '');
  return dropsAt(table, at, endianness() === 'LE');
}

async function openStreams(
  at: Endpoint,
  tls: TlsMaterial | undefined,
  handlers: StreamDoorHandlers,
): Promise<Result<StreamDoor, OpenCode>> {
  const streams = tls === undefined ? ok(plainStreams(handlers)) : tlsStreams(tls, handlers);
  if (!streams.ok) return streams;
  const open = new Set<Socket>();
  const server = createServer({ pauseOnConnect: true }, (socket) => admit(socket, streams.value, handlers, open));
  try {
    server.listen({ host: at.address, port: at.port, exclusive: true });
    await once(server, 'listening');
  } catch (thrown) {
    return explain(at, thrown);
  }
  server.on('error', (cause: NodeJS.ErrnoException) => {
    if (cause.syscall === 'accept') handlers.acceptFailed(messageOf(cause));
    else handlers.failed(messageOf(cause));
  });
  const address = server.address();
  return ok({
    at: typeof address === 'object' && address !== null ? endpointOf(address) : at,
    renew: (material) => streams.value.renew(material),
    close: () => closeAll(server, open),
  });
}

function admit(socket: Socket, streams: Streams, handlers: StreamDoorHandlers, open: Set<Socket>): void {
  const peer = peerOf(socket.remoteAddress ?? '', socket.remotePort ?? 0);
  socket.on('error', () => {});
  if (!handlers.admit(peer)) {
    socket.destroy();
    return;
  }
  open.add(socket);
  socket.once('close', () => {
    open.delete(socket);
    handlers.left(peer);
  });
  streams.take(socket, peer);
}

async function closeAll(server: Server, open: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of open) socket.destroy();
  await closed;
}

async function readText(path: string): Promise<Result<string, 'unreadable'>> {
  try {
    const { size } = await stat(path);
    if (size > LARGEST_FILE) return fail('unreadable', `${path} is larger than a PEM file may be`);
    return ok(await readFile(path, 'utf8'));
  } catch (thrown) {
    return fail('unreadable', messageOf(thrown), thrown);
  }
}

const peerOf = (address: string, port: number): Peer => ({ address: address.replace(/%.*/, ''), port });

const endpointOf = ({ address, port }: { readonly address: string; readonly port: number }): Endpoint => ({
  address,
  port,
});

function explain({ address, port }: Endpoint, thrown: unknown): Failure<OpenCode> {
  switch ((thrown as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return fail('in-use', `port ${port} is another program's: stop it (rsyslog?), or take another port`, thrown);
    case 'EADDRNOTAVAIL':
    case 'EINVAL':
      return fail('no-address', `${address} is no address of this host (yet)`, thrown);
    case 'EACCES':
      return fail('denied', `port ${port} needs CAP_NET_BIND_SERVICE: grant it, or take a port from 1024 up`, thrown);
    default:
      return fail('io', messageOf(thrown), thrown);
  }
}
