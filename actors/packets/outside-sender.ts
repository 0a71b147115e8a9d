import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Letter } from './port.ts';

/**
 * A process of its own, because a process is in one network namespace: sends the packets that it reads as JSON. What cannot
 * be sent is told by those who do not see it come.
 */
const letters = JSON.parse(await text(process.stdin)) as readonly Letter[];

/** For an answer, ms; the request itself is on its way at once. */
const PATIENCE = 200;

function datagram({ source, target, port }: Letter): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = createSocket({ type: source.includes(':') ? 'udp6' : 'udp4' });
  socket.on('error', () => resolve());
  socket.bind({ address: source }, () => socket.send('bartizan', port, target, () => resolve()));
  return promise.finally(() => socket.close());
}

function request({ source, target, port }: Letter): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect({ host: target, port, localAddress: source });
  socket.setTimeout(PATIENCE, () => socket.destroy());
  socket.on('connect', () => socket.destroy());
  socket.on('error', () => undefined);
  socket.on('close', () => resolve());
  return promise;
}

await Promise.all(letters.map((letter) => (letter.protocol === 'udp' ? datagram(letter) : request(letter))));
