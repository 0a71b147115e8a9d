import type { HttpReply, ReplySource } from '../../../core/api/http.ts';
import { sendChunks } from './chunks.ts';
import type { UwsExchange } from './exchange.ts';
import { type ReplyDesk, sendReply } from './reply.ts';

/** Sends a body while it is read; nothing is read for HEAD. A client that leaves, or a source that fails, ends it. */
export async function sendSource(
  desk: ReplyDesk,
  exchange: UwsExchange,
  reply: HttpReply,
  source: ReplySource,
): Promise<void> {
  try {
    if (exchange.method === 'HEAD' || source.size === 0) sendReply(desk, exchange, reply, source.size);
    else if (exchange.isUnread || (exchange.isLast && !exchange.isEndedByEngine)) {
      // Where the connection has to be closed by us, the engine must not know how long the body is.
      await sendChunks(desk, exchange, reply, piecesOf(source));
    } else await sendPieces(desk, exchange, reply, source);
  } finally {
    source.close();
  }
}

async function sendPieces(
  desk: ReplyDesk,
  exchange: UwsExchange,
  reply: HttpReply,
  source: ReplySource,
): Promise<void> {
  const isLast = exchange.isLast || desk.stopping();
  const head = desk.headText(reply);
  exchange.isAnswered = true;
  let sent = 0;
  for await (const piece of piecesOf(source)) {
    if (exchange.isOver) return;
    const isFirst = sent === 0;
    sent += piece.length;
    let [isTaken, isComplete] = [false, false];
    exchange.write(() => {
      if (isFirst) exchange.response.writeStatus(head);
      if (isFirst && isLast) exchange.response.writeHeader('connection', 'close');
      [isTaken, isComplete] = exchange.response.tryEnd(piece, source.size);
    });
    if (isComplete) exchange.complete();
    else if (!isTaken) await taken(desk, exchange, piece, { from: sent - piece.length, size: source.size });
  }
}

/** What is not empty of a source, as much as it promised. @throws when it has more or less */
async function* piecesOf(source: ReplySource): AsyncGenerator<Uint8Array> {
  for (let left = source.size; left > 0; ) {
    const piece = await source.next();
    if (piece === undefined || piece.length > left) throw new Error('the source has another length than it said');
    left -= piece.length;
    if (piece.length > 0) yield piece;
  }
}

/** Resolves when the client has taken the rest of a piece, or is gone. It is cut when it takes nothing for too long. */
function taken(
  { clock, limits }: ReplyDesk,
  exchange: UwsExchange,
  piece: Uint8Array,
  { from, size }: { readonly from: number; readonly size: number },
): Promise<void> {
  const { response } = exchange;
  return new Promise((resolve) => {
    const wait = () => clock.after(limits.stall, () => exchange.cut());
    let cancel = wait();
    exchange.whenOver(() => {
      cancel();
      resolve();
    });
    response.onWritable((offset) => {
      cancel();
      const rest = piece.subarray(offset - from);
      const [isTaken, isComplete] = rest.length === 0 ? [true, false] : response.tryEnd(rest, size);
      if (isComplete) exchange.complete();
      else if (isTaken) resolve();
      else cancel = wait();
      return isTaken;
    });
  });
}
