import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Principal } from '../../../core/api/auth.ts';
import type { HttpReply } from '../../../core/api/http.ts';
import type { Clock } from '../../../core/base/ports.ts';
import { messageOf } from '../../../core/base/result.ts';
import type { Millis } from '../../../core/base/time.ts';
import type { Doorway } from '../port.ts';
import type { ReplyDesk } from './reply.ts';
import { headOf } from './request.ts';

/**
 * Lets a connection leave HTTP, or says why not. What takes it over has it until the listener stops or the credential
 * ends.
 */
export function attach(
  { clock, log, limits, stopping }: ReplyDesk,
  { gate, points }: Doorway,
  { incoming, socket, head, principal }: Upgrade,
): void {
  socket.on('error', () => socket.destroy());
  const request = headOf(incoming, principal);
  try {
    const admitted = gate.admit(request);
    const point = admitted.ok ? points.find(({ path }) => path === admitted.path) : undefined;
    if (!admitted.ok) {
      refuse(socket, admitted.reply);
      socket.once(
        'close',
        clock.after(limits.linger, () => socket.destroy()),
      );
    } else if (point === undefined || stopping()) socket.destroy();
    else {
      const { isGood, requestId, path } = admitted;
      point.take({ incoming, socket, head, principal: admitted.principal, requestId });
      watch(clock, socket, { isGood, every: path.surface.limits.keepalive });
    }
  } catch (thrown) {
    log('error', 'a connection could not be attached', { peer: request.peer, cause: messageOf(thrown) });
    socket.destroy();
  }
}

export interface Upgrade {
  readonly incoming: IncomingMessage;
  readonly socket: Duplex;
  /** Bytes that came right behind the request. */
  readonly head: Buffer;
  readonly principal?: Principal;
}

function watch(
  clock: Pick<Clock, 'after'>,
  socket: Duplex,
  { isGood, every }: { readonly isGood: () => boolean; readonly every: Millis },
): void {
  let cancel = () => {};
  const look = () => {
    if (isGood()) cancel = clock.after(every, look);
    else socket.destroy();
  };
  cancel = clock.after(every, look);
  socket.once('close', () => cancel());
}

function refuse(socket: Duplex, { status, headers, body }: HttpReply): void {
  const lines = Object.entries({ ...headers, connection: 'close', 'content-length': Buffer.byteLength(body) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${head}\r\n${String(body)}`);
}
