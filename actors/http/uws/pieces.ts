import type { HttpReply } from '../../../core/api/http.ts';
import { letGo } from '../let-go.ts';
import { sendChunks } from './chunks.ts';
import type { UwsExchange } from './exchange.ts';
import { type ReplyDesk, sendReply } from './reply.ts';

/** Sends a body of unknown length while it is made; nothing is begun for HEAD. Rejects when the making fails. */
export async function sendPieces(
  desk: ReplyDesk,
  exchange: UwsExchange,
  reply: HttpReply,
  pieces: AsyncIterable<string>,
): Promise<void> {
  if (exchange.method !== 'HEAD') return sendChunks(desk, exchange, reply, bytesOf(pieces));
  sendReply(desk, exchange, { ...reply, body: '' }, 'unknown');
  letGo(reply);
}

async function* bytesOf(pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield Buffer.from(piece);
}
