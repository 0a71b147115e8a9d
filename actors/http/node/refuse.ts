import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HttpReply } from '../../../core/api/http.ts';
import type { ReplyDesk } from './reply.ts';

/** Writes a reply to a connection for which node has no response, closes the sending side, and soon after the other. */
export function refuse({ clock, limits }: Pick<ReplyDesk, 'clock' | 'limits'>, socket: Duplex, reply: HttpReply): void {
  const { status, headers, body, requestId } = reply;
  const all = {
    ...headers,
    ...(requestId === undefined ? {} : { 'x-request-id': requestId }),
    connection: 'close',
    'content-length': Buffer.byteLength(body),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${String(body)}`);
  const cancel = clock.after(limits.linger, () => socket.destroy());
  socket.once('close', cancel);
}
