import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Handover, isAt } from '../../../core/api/attach.ts';
import type { Principal } from '../../../core/api/auth.ts';
import type { Dispatch, HttpReply, HttpRequest } from '../../../core/api/http.ts';
import { splitTarget } from '../../../core/api/target.ts';
import { messageOf, ok } from '../../../core/base/result.ts';
import type { Millis } from '../../../core/base/time.ts';
import { letGo } from '../let-go.ts';
import type { AttachPoint } from '../port.ts';
import { refusal } from '../refusal.ts';
import { refuse } from './refuse.ts';
import type { ReplyDesk } from './reply.ts';
import { headOf, type NodeExchange } from './request.ts';

export interface Upgrade {
  readonly incoming: IncomingMessage;
  readonly socket: Duplex;
  /** Bytes that came right behind the request. */
  readonly head: Buffer;
  readonly principal?: Principal;
  readonly openedAt: Millis | undefined;
}

/** Whether an upgrade is looked at here at all; elsewhere it is a request like any other. */
export const isAttached = (points: readonly AttachPoint[], { url = '' }: IncomingMessage): boolean =>
  points.some(({ path }) => isAt(path, splitTarget(url).path));

/**
 * Lets a connection leave HTTP, or says why not. What takes it over has it until the listener stops or the credential
 * ends.
 */
export async function upgrade(
  desk: ReplyDesk,
  serve: Dispatch,
  points: readonly AttachPoint[],
  asked: Upgrade,
): Promise<void> {
  const { socket, incoming, head } = asked;
  const request = upgradeRequest(asked);
  socket.on('error', () => socket.destroy());
  try {
    const reply = await serve(request);
    const { handover, requestId = '' } = reply;
    const point = pointOf(points, handover);
    if (socket.destroyed || desk.stopping()) cut(socket, reply);
    else if (handover === undefined) refuse(desk, socket, reply);
    else if (point === undefined) refuse(desk, socket, unattached(handover, requestId));
    else {
      point.take({ incoming, socket, head, principal: handover.principal, peer: handover.peer, requestId });
      handover.answered(101);
      socket.once(
        'close',
        handover.watch(() => socket.destroy()),
      );
    }
  } catch (thrown) {
    desk.log('error', 'a connection could not be attached', { peer: request.peer, cause: messageOf(thrown) });
    socket.destroy();
  }
}

/** Leaves a plain request to what is attached at its path, until the credential ends. */
export function handOver(
  points: readonly AttachPoint[],
  { incoming, response, awaitsContinue }: NodeExchange,
  handover: Handover,
  requestId: string,
): HttpReply | undefined {
  const point = pointOf(points, handover);
  if (point?.answer === undefined) return unattached(handover, requestId);
  if (awaitsContinue) response.writeContinue();
  response.setHeader('x-request-id', requestId);
  const leave = handover.watch(() => incoming.socket.destroy());
  response.once('close', () => {
    leave();
    handover.answered(response.statusCode);
  });
  const { principal, peer } = handover;
  point.answer({ incoming, response, principal, peer, requestId });
  return undefined;
}

const pointOf = (points: readonly AttachPoint[], handover: Handover | undefined): AttachPoint | undefined =>
  points.find(({ path }) => path.path === handover?.path);

function unattached({ answered }: Handover, requestId: string): HttpReply {
  answered(501);
  return { ...refusal(501), requestId };
}

function upgradeRequest({ incoming, socket, principal, openedAt }: Upgrade): HttpRequest {
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  return {
    ...headOf(incoming, principal, openedAt),
    isUpgrade: true,
    body: () => Promise.resolve(ok(new Uint8Array())),
    pieces: () => ({ next: () => Promise.resolve(ok(undefined)) }),
    signal: gone.signal,
  };
}

function cut(socket: Duplex, reply: HttpReply): void {
  letGo(reply);
  socket.destroy();
}
