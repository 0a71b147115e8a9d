import type { HttpReply } from '../../../core/api/http.ts';
import type { UwsExchange } from './exchange.ts';
import { linger, type ReplyDesk, sendReply } from './reply.ts';

/**
 * The last chunk as the two parts of a header line, which is all that the engine writes as it is. It puts a colon in
 * between and a line end behind, so there is a trailer.
 */
const LAST_CHUNK = ['\r\n0\r\nx-complete', 'yes\r\n'] as const;

/**
 * Sends a body in chunks while it is made: a piece is asked for when the one before has been taken. Nothing more is made
 * for a client that has left, or that was cut because it took nothing for as long as a stall may last. Rejects when the
 * making fails: the body has no end then, and only cutting the connection says so.
 */
export async function sendChunks(
  desk: ReplyDesk,
  exchange: UwsExchange,
  reply: HttpReply,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { response } = exchange;
  const closes = exchange.isLast || exchange.isUnread || desk.stopping() || reply.headers['connection'] === 'close';
  const room = roomFor(desk, exchange);
  let isBegun = false;
  exchange.isAnswered = true;
  exchange.ignoreBody();
  for await (const piece of pieces) {
    if (exchange.isOver) return;
    if (piece.length === 0) continue;
    let isTaken = true;
    exchange.write(() => {
      if (!isBegun) response.writeStatus(desk.headText(reply));
      if (!isBegun && closes) response.writeHeader('connection', 'close');
      isTaken = response.write(piece);
    });
    isBegun = true;
    if (!isTaken) await room();
  }
  if (exchange.isOver) return;
  if (!isBegun) sendReply(desk, exchange, { ...reply, body: '' });
  else if (closes) endAndLinger(desk, exchange);
  else {
    exchange.write(() => response.end());
    exchange.complete();
  }
}

/** The engine would put a line about the connection before the last chunk, so that is written past it. */
function endAndLinger(desk: ReplyDesk, exchange: UwsExchange): void {
  exchange.write(() => exchange.response.writeHeader(...LAST_CHUNK));
  linger(desk, exchange);
}

/** Makes what waits until the engine takes more, or nobody is left to take it. */
function roomFor({ clock, limits }: ReplyDesk, exchange: UwsExchange): () => Promise<void> {
  let go = () => {};
  exchange.whenOver(() => go());
  if (!exchange.isOver)
    exchange.response.onWritable(() => {
      // What the engine still holds goes out with the next write only, even an empty one.
      exchange.write(() => {});
      go();
      return true;
    });
  return () =>
    new Promise((resolve) => {
      if (exchange.isOver) return resolve();
      const cancel = clock.after(limits.stall, () => exchange.cut());
      go = () => {
        cancel();
        resolve();
      };
    });
}
