import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

/**
 * A process of its own, because a process is in one network namespace: from the address of each knock, asks each target of
 * its family for a TCP connection, or sends it a datagram where no port is named. What cannot be sent is told by those who
 * do not see it come.
 */
const { knocks, targets } = JSON.parse(process.argv[2] ?? '') as {
  readonly knocks: readonly { readonly ip: string; readonly port?: number }[];
  readonly targets: readonly string[];
};
const isV6 = (address: string): boolean => address.includes(':');

const DISCARD = 9;
/** For an answer, ms; the request itself is on its way at once. */
const PATIENCE = 200;

function datagrams(source: string, to: readonly string[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = createSocket({ type: isV6(source) ? 'udp6' : 'udp4' });
  const send = (target: string): Promise<void> =>
    new Promise((sent) => {
      socket.send('bartizan', DISCARD, target, () => sent());
    });
  socket.on('error', () => resolve());
  socket.bind({ address: source }, () => void Promise.all(to.map(send)).then(() => resolve()));
  return promise.finally(() => socket.close());
}

function request(localAddress: string, host: string, port: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect({ host, port, localAddress });
  socket.setTimeout(PATIENCE, () => socket.destroy());
  socket.on('connect', () => socket.destroy());
  socket.on('error', () => undefined);
  socket.on('close', () => resolve());
  return promise;
}

await Promise.all(
  knocks.flatMap(({ ip, port }) => {
    const to = targets.filter((target) => isV6(target) === isV6(ip));
    return port === undefined ? [datagrams(ip, to)] : to.map((target) => request(ip, target, port));
  }),
);
