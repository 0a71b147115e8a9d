import { createSocket } from 'node:dgram';
import { text } from 'node:stream/consumers';
import type { Letter } from './port.ts';

/**
 * A process of its own, because a process is in one network namespace: sends the datagrams that it reads as JSON, one after
 * the other. What cannot be sent is told by those who do not see it come.
 */
const letters = JSON.parse(await text(process.stdin)) as readonly Letter[];

for (const { source, target, port } of letters) {
  const socket = createSocket({ type: source.includes(':') ? 'udp6' : 'udp4' });
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on('error', () => resolve());
  socket.bind({ address: source }, () => socket.send('bartizan', port, target, () => resolve()));
  await promise.finally(() => socket.close());
}
