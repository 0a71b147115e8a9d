import type { HttpReply } from '../../../core/api/http.ts';
import type { Clock, Log } from '../../../core/base/ports.ts';
import type { EngineLimits } from '../port.ts';
import type { Refuse } from '../refusal.ts';
import type { UwsExchange } from './exchange.ts';
import type { HeadText, HeadWriter } from './head-text.ts';

/** What writing a reply needs to know. */
export interface ReplyDesk {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: EngineLimits;
  /** The listener is stopping: no connection outlives its reply. */
  readonly stopping: () => boolean;
  readonly headText: HeadWriter;
  readonly refuse: Refuse;
  /** True once in a while, unforeseeably. */
  readonly chance: () => boolean;
}

/** A reply as it goes out. */
interface Sending {
  readonly head: HeadText;
  /** The dispatch wants the connection to end. */
  readonly closes: boolean;
  readonly bytes: Uint8Array;
  /** Content-Length; `undefined` when there must be none. */
  readonly length: number | undefined;
}

/**
 * Sends a whole reply. One given before the body was read closes the connection, gently.
 * @param size Content-Length of a reply that is to have no body, when it is not the body's; `unknown`: none is told
 * @throws when a header cannot be sent as it is
 */
export function sendReply(desk: ReplyDesk, exchange: UwsExchange, reply: HttpReply, size?: number | 'unknown'): void {
  const { status, body } = reply;
  const head = desk.headText(reply);
  exchange.isAnswered = true;
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const isBodyless = status === 204 || status === 304;
  const sent = isBodyless || exchange.method === 'HEAD' ? EMPTY : bytes;
  const closes = reply.headers['connection'] === 'close';
  const length = isBodyless || size === 'unknown' ? undefined : (size ?? bytes.length);
  const sending = { head, closes, bytes: sent, length };
  exchange.inbox?.drop();
  if (exchange.isUnread) sendBehindBody(desk, exchange, sending);
  else sendNow(desk, exchange, sending);
}

function sendNow(desk: ReplyDesk, exchange: UwsExchange, sending: Sending): void {
  const { length } = sending.bytes;
  if (isLast(desk, exchange, sending)) sendLast(desk, exchange, sending);
  else if (length > SHORT) sendWhole(desk, exchange, sending);
  else if (!desk.chance()) sendBlindly(exchange, sending);
  else if (length > 0) sendWhole(desk, exchange, sending);
  else sendHeadAndCut(desk, exchange, sending);
}

const isLast = (desk: ReplyDesk, exchange: UwsExchange, { closes }: Sending): boolean =>
  exchange.isLast || desk.stopping() || closes;

/**
 * A body that nobody reads and that is here already, or will be in a moment, is passed over for the sake of the
 * connection; otherwise the reply goes out at once and the connection ends.
 */
function sendBehindBody(desk: ReplyDesk, exchange: UwsExchange, sending: Sending): void {
  const { inbox, announced } = exchange;
  const isShort = announced <= desk.limits.lingerBytes && !isLast(desk, exchange, sending);
  if (inbox === undefined || !isShort) {
    sendAndLinger(desk, exchange, sending);
    return;
  }
  const settle = (send: () => void) => {
    inbox.onRest = undefined;
    if (!exchange.isOver) send();
  };
  inbox.onRest = (bytes) => bytes === 0 && settle(() => sendNow(desk, exchange, sending));
  inbox.resume();
  setImmediate(() => inbox.onRest !== undefined && settle(() => sendAndLinger(desk, exchange, sending)));
}

const EMPTY = new Uint8Array();
/** Bytes of a body that can be sent without regard to whether it is taken. */
const SHORT = 16 * 1024;

/** What can be written now, the rest as the client takes it. Cut when it takes nothing for as long as a stall may last. */
function sendWhole(desk: ReplyDesk, exchange: UwsExchange, sending: Sending, closing = false): void {
  const { response } = exchange;
  const { bytes } = sending;
  let isComplete = false;
  exchange.write(() => {
    response.writeStatus(sending.head);
    if (closing) response.writeHeader('connection', 'close');
    [, isComplete] = response.tryEnd(bytes, bytes.length);
  });
  if (isComplete) exchange.complete();
  else sendRest(desk, exchange, bytes);
}

function sendRest({ clock, limits }: ReplyDesk, exchange: UwsExchange, bytes: Uint8Array): void {
  const { response } = exchange;
  const wait = () => clock.after(limits.stall, () => exchange.cut());
  let cancel = wait();
  exchange.whenOver(() => cancel());
  response.onWritable((offset) => {
    cancel();
    cancel = wait();
    const [isTaken, isComplete] = response.tryEnd(bytes.subarray(offset), bytes.length);
    if (isComplete) exchange.complete();
    return isTaken;
  });
}

/**
 * The last reply of a connection. It waits until the engine has looked at everything the client has sent so far: as long
 * as a reply is owed, a further request costs the connection, afterwards it would be served.
 */
function sendLast(desk: ReplyDesk, exchange: UwsExchange, sending: Sending): void {
  const { response } = exchange;
  setImmediate(() => {
    if (exchange.isOver) return;
    if (sending.bytes.length === 0) sendHeadAndCut(desk, exchange, sending);
    else if (exchange.isEndedByEngine) sendWhole(desk, exchange, sending, true);
    else {
      exchange.write(() => {
        response.writeStatus(sending.head);
        response.end(sending.bytes, true);
      });
      exchange.complete();
    }
  });
}

/**
 * The engine takes the reply whatever waits to be written already, so one who asks and never reads could fill the memory.
 * Therefore one reply in a few does not go this way: one with a body has to be taken by the client before the connection
 * serves another request, one without ends it. What an honest client has been sent is with its kernel by then, what
 * waits for the other kind is thrown away.
 */
function sendBlindly(exchange: UwsExchange, { head, bytes, length }: Sending): void {
  const { response } = exchange;
  exchange.write(() => {
    response.writeStatus(head);
    if (bytes.length > 0) response.end(bytes);
    else if (length === undefined) response.endWithoutBody();
    else response.endWithoutBody(length);
  });
  exchange.complete();
}

/** Sends a reply without a body and ends the connection. */
function sendHeadAndCut(desk: ReplyDesk, exchange: UwsExchange, sending: Sending): void {
  sendByHand(desk, exchange, sending);
  setImmediate(() => exchange.cut());
}

/** Sends the reply and ends the connection, gently. */
function sendAndLinger(desk: ReplyDesk, exchange: UwsExchange, sending: Sending): void {
  sendByHand(desk, exchange, sending);
  linger(desk, exchange);
}

/**
 * Behind the last byte of a reply of which the engine does not know that it is whole: reads and forgets for a moment
 * before closing. A connection closed with unread bytes is reset, and the reset can overtake the reply, so that the
 * client never learns why.
 */
export function linger({ clock, limits }: ReplyDesk, exchange: UwsExchange): void {
  const { inbox } = exchange;
  exchange.whenOver(clock.after(limits.linger, () => exchange.cut()));
  if (inbox === undefined) return;
  inbox.drop();
  let read = 0;
  inbox.onRest = (bytes) => {
    read += bytes;
    if (bytes === 0 || read > limits.lingerBytes) setImmediate(() => exchange.cut());
  };
  inbox.resume();
}

/**
 * A whole reply, of which the engine does not know that it is one: with a request still open to it, the connection takes
 * no other, tells when it goes, and can be closed when we like. The engine puts a line end behind each header and looks
 * into none, so the last one carries the end of the head, and the body. Behind a body that leaves a line end too many,
 * which readers of HTTP pass over, the more so behind the last reply.
 */
function sendByHand({ clock }: ReplyDesk, exchange: UwsExchange, sending: Sending): void {
  const { response } = exchange;
  const { bytes } = sending;
  const length = bytes.length === 0 ? sending.length : bytes.length;
  exchange.write(() => {
    response.writeStatus(sending.head);
    response.writeHeader('date', new Date(clock.now()).toUTCString());
    if (length !== undefined) response.writeHeader('content-length', String(length));
    const end = bytes.length === 0 ? 'close\r\n' : Buffer.concat([Buffer.from('close\r\n\r\n'), bytes]);
    response.writeHeader('connection', end);
  });
}
