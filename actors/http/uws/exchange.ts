import type { BodyCode, BodyReader, HttpRequest } from '../../../core/api/http.ts';
import type { Clock } from '../../../core/base/ports.ts';
import { ok, type Result } from '../../../core/base/result.ts';
import type { Millis } from '../../../core/base/time.ts';
import { announcedLength, fieldOf, type Head } from '../head.ts';
import type { EngineLimits } from '../port.ts';
import { aborted, wholeBody } from '../whole-body.ts';
import type { UwsRequest, UwsResponse } from './binding.ts';
import { Inbox } from './inbox.ts';

/** Who keeps count of exchanges. */
export interface ExchangeDesk {
  readonly clock: Pick<Clock, 'after'>;
  readonly limits: Pick<EngineLimits, 'requestRead'>;
  /** Called once when nothing more can happen. */
  readonly onOver: (exchange: UwsExchange) => void;
}

/** Who is at the other end, and since when at least. */
export interface UwsPeer {
  readonly peer: string;
  readonly openedAt: Millis;
}

/** A request and the reply to it. What the engine lends for the length of its call is copied here. */
export class UwsExchange implements HttpRequest, Head {
  readonly version = '1.1';
  readonly method: string;
  readonly target: string;
  #fields: readonly string[];
  readonly response: UwsResponse;
  /** Bytes of the body as announced; Infinity for one in chunks. */
  readonly announced: number;
  /** Absent when there is no body. */
  readonly inbox: Inbox | undefined;
  /** The engine's call that brought the request has not returned. */
  isFresh = true;
  /** A reply has been begun, or must not be any more. */
  isAnswered = false;
  /** Nothing more can happen: the reply is complete or the connection gone. */
  isOver = false;
  /** Ends the reply when it has no end of its own: the exchange is a stream then. */
  endStream: (() => void) | undefined;
  readonly peer: string;
  readonly connectionOpenedAt: Millis;
  readonly #desk: ExchangeDesk;
  #gone: AbortController | undefined;
  #isAborted = false;
  #endings: (() => void)[] | undefined;

  constructor(desk: ExchangeDesk, response: UwsResponse, request: UwsRequest, { peer, openedAt }: UwsPeer) {
    const query = request.getQuery();
    const fields: string[] = [];
    request.forEach((name, value) => void fields.push(name, value));
    this.method = request.getCaseSensitiveMethod();
    this.target = query === undefined ? request.getUrl() : `${request.getUrl()}?${query}`;
    this.#fields = fields;
    this.response = response;
    this.announced = announcedLength(fields);
    this.inbox = this.announced > 0 ? new Inbox(response, this.announced) : undefined;
    this.peer = peer;
    this.connectionOpenedAt = openedAt;
    this.#desk = desk;
  }

  /**
   * Has the engine tell when the connection goes. Not needed when the reply is complete before the engine's call returns,
   * otherwise the engine ends the process.
   */
  watch(): void {
    this.isFresh = false;
    if (!this.isOver) this.response.onAborted(() => this.abort());
  }

  /** Writes in one go. */
  write(write: () => void): void {
    if (this.isFresh) write();
    else this.response.cork(write);
  }

  readonly header = (name: string): string | undefined => {
    const value = fieldOf(this.#fields, name);
    // The engine reads UTF-8 where HTTP has bytes.
    return value === undefined || isAscii(value) ? value : Buffer.from(value).toString('latin1');
  };

  get fields(): readonly string[] {
    return this.#fields;
  }

  /** Lets go of the request's headers: a stream may last for days, and thousands of them at a time. */
  forgetHead(): void {
    this.#fields = NO_FIELDS;
  }

  body(limit: number): Promise<Result<Uint8Array, BodyCode>> {
    const { clock, limits } = this.#desk;
    if (this.inbox === undefined) return Promise.resolve(NO_BODY);
    return wholeBody(this.inbox.open(limit), clock, limits.requestRead);
  }

  pieces(limit: number): BodyReader {
    return this.inbox?.open(limit) ?? NO_PIECES;
  }

  /** Made when first asked for: most requests are answered before anybody does. */
  get signal(): AbortSignal {
    this.#gone ??= new AbortController();
    if (this.#isAborted) this.#gone.abort();
    return this.#gone.signal;
  }

  /** The client wants no further request on this connection, or none must follow. */
  get isLast(): boolean {
    return (
      this.announced === Number.POSITIVE_INFINITY || /(^|[ ,])close($|[ ,])/i.test(this.header('connection') ?? '')
    );
  }

  /** The engine ends the connection after the reply by itself, and leaves it to us to say so. */
  get isEndedByEngine(): boolean {
    return firstOf(this.#fields, 'connection').length === 'close'.length && this.isLast;
  }

  /** The client has more to send than has come in. */
  get isUnread(): boolean {
    return this.inbox !== undefined && !this.inbox.isComplete;
  }

  /**
   * What the client still sends is forgotten as it comes. Were it made to wait, the engine would not tell any more when it
   * takes what we write.
   */
  ignoreBody(): void {
    this.inbox?.drop();
    this.inbox?.resume();
  }

  /** The connection is gone. */
  abort(): void {
    if (this.isOver) return;
    this.#abort();
    this.#end();
  }

  /** The whole reply is out. */
  complete(): void {
    if (this.isOver) return;
    if (this.endStream !== undefined) this.#abort();
    this.#end();
  }

  /** Cuts the connection, unless it is gone or free for the next request. */
  cut(): void {
    if (this.isOver) return;
    this.response.close();
    this.abort();
  }

  /** Runs `ending` once, when it is over. */
  whenOver(ending: () => void): void {
    if (this.isOver) ending();
    else if (this.#endings === undefined) this.#endings = [ending];
    else this.#endings.push(ending);
  }

  #abort(): void {
    this.#isAborted = true;
    this.#gone?.abort();
  }

  #end(): void {
    this.isOver = true;
    this.inbox?.drop(aborted);
    for (const ending of this.#endings ?? []) ending();
    this.#desk.onOver(this);
  }
}

/** Value of the first field of this name, as the engine itself looks one up. */
function firstOf(fields: readonly string[], name: string): string {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1] ?? '';
  return '';
}

const NO_FIELDS: readonly string[] = [];
const NO_BODY = ok(new Uint8Array());
const NO_PIECES: BodyReader = { next: async () => ok(undefined) };
const isAscii = (text: string): boolean => /^[ -~\t]*$/.test(text);
