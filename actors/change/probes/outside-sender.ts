import { createSocket } from 'node:dgram';

/**
 * A process of its own, because a process is in one network namespace: sends one datagram from each source to each target
 * of its family. What cannot be sent is told by those who do not see it come.
 */
const [sources = [], targets = []] = process.argv.slice(2).map((word) => word.split(','));
const isV6 = (address: string): boolean => address.includes(':');

const DISCARD = 9;

await Promise.all(
  sources.map((source) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const socket = createSocket({ type: isV6(source) ? 'udp6' : 'udp4' });
    const mine = targets.filter((target) => isV6(target) === isV6(source));
    const send = (target: string): Promise<void> =>
      new Promise((sent) => {
        socket.send('bartizan', DISCARD, target, () => sent());
      });
    socket.on('error', () => resolve());
    socket.bind({ address: source }, () => void Promise.all(mine.map(send)).then(() => resolve()));
    return promise.finally(() => socket.close());
  }),
);
