import type { EngineLink } from '../wire-port.ts';
import { Connection } from './connection.ts';

const NOTICE = 0;
const ARM = 240;
const SETTLE = 241;
/** From a loss on, ms, within which it is settled or put back by the hand. */
const WINDOW_MS = 5000;
const ARMING = Uint8Array.of(ARM, WINDOW_MS & 255, WINDOW_MS >> 8, 0, 0);
const SETTLING = Uint8Array.of(SETTLE);
const ENDING_LOADS = Uint8Array.of(14);
/** Of a request, less than the 64 MiB of a frame. */
const LARGEST = 64 * 2 ** 20 - 64;
/** How long a call waits for a hand that is not there, ms. */
const PATIENCE_MS = 2000;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 1000;

interface Answered {
  readonly resolve: (answer: Uint8Array) => void;
  readonly reject: (reason: Error) => void;
}

interface Call extends Answered {
  readonly request: readonly Uint8Array[];
  readonly loses: boolean;
  patience: NodeJS.Timeout | undefined;
}

export interface HandLinkOptions {
  /** Path of the hand's socket. */
  readonly socket: string;
}

/**
 * Calls over the net hand's socket. Goes on connecting until it is closed; a call under way when the connection ends rejects,
 * one made meanwhile waits up to 2 s. What may lose goes behind `arm`, and `settle` follows its answer: where this process
 * ends or hangs in between, the hand puts back what was lost. No other call is sent between those, so that all are worked
 * off in the order they were made. Keeps the process alive only while calls are under way.
 */
export class HandLink implements EngineLink {
  readonly #options: HandLinkOptions;
  /** Not sent yet. */
  readonly #queue: Call[] = [];
  readonly #pending = new Map<number, Answered>();
  #connection: Connection | undefined;
  #isReady = false;
  #wasReady = false;
  #isLosing = false;
  #sequence = 0;
  #pause = FIRST_PAUSE_MS;
  #retry: NodeJS.Timeout | undefined;
  /** Why there is no hand at the moment. */
  #trouble = 'not connected yet';
  #attempted: ((trouble: string | undefined) => void) | undefined;
  #told: (notice: Uint8Array) => void = () => undefined;
  #back: () => void = () => undefined;
  #closed: (() => void) | undefined;

  constructor(options: HandLinkOptions) {
    this.#options = options;
    this.#connect();
  }

  /** Of the first attempt to connect: why it failed, if it did. Others follow by themselves. */
  attempted(): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#attempted = resolve;
      this.#connection?.hold(true);
    });
  }

  listen(told: (notice: Uint8Array) => void, back: () => void): void {
    this.#told = told;
    this.#back = back;
  }

  call(...request: readonly Uint8Array[]): Promise<Uint8Array> {
    return this.#add(request, false);
  }

  lose(...request: readonly Uint8Array[]): Promise<Uint8Array> {
    return this.#add(request, true);
  }

  #add(request: readonly Uint8Array[], loses: boolean): Promise<Uint8Array> {
    const size = request.reduce((sum, piece) => sum + piece.length, 0);
    if (size > LARGEST) return Promise.reject(new Error(`a request of ${size} bytes is more than a hand takes`));
    return new Promise((resolve, reject) => {
      const isAtOnce = this.#isReady && !this.#isLosing;
      const call: Call = {
        request: isAtOnce ? request : [Buffer.concat(request)],
        loses,
        resolve,
        reject,
        patience: undefined,
      };
      this.#queue.push(call);
      if (!this.#isReady) this.#limit(call);
      this.#drain();
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      // A hand that does not come ends them as well.
      if (this.#pending.size > 0 || this.#queue.length > 0) void this.call(ENDING_LOADS).catch(() => undefined);
      this.#closed = resolve;
      this.#rest();
    });
  }

  #connect(): void {
    const connection = new Connection(this.#options.socket, {
      greeted: () => this.#greeted(),
      frame: ({ sequence, bytes }) => this.#take(sequence, bytes),
      ended: (why) => {
        if (connection === this.#connection) this.#lost(why);
      },
    });
    this.#connection = connection;
    this.#rest();
  }

  #greeted(): void {
    this.#isReady = true;
    this.#pause = FIRST_PAUSE_MS;
    for (const call of this.#queue) {
      clearTimeout(call.patience);
      call.patience = undefined;
    }
    this.#tell(undefined);
    this.#drain();
    if (this.#wasReady) this.#back();
    this.#wasReady = true;
  }

  #take(sequence: number, bytes: Uint8Array): void {
    if (sequence === NOTICE) {
      this.#told(bytes);
      return;
    }
    const answered = this.#pending.get(sequence);
    if (answered === undefined) throw new RangeError(`an answer to call ${sequence}, which nobody made`);
    this.#pending.delete(sequence);
    answered.resolve(bytes);
    this.#rest();
  }

  #lost(why: string): void {
    this.#connection = undefined;
    this.#isReady = false;
    this.#isLosing = false;
    this.#trouble = why;
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of lost) reject(new Error(`the net hand: ${why}`));
    for (const call of this.#queue) this.#limit(call);
    this.#retry = setTimeout(() => this.#connect(), this.#pause);
    this.#pause = Math.min(LONGEST_PAUSE_MS, this.#pause * 2);
    this.#tell(why);
    this.#rest();
  }

  #tell(trouble: string | undefined): void {
    this.#attempted?.(trouble);
    this.#attempted = undefined;
  }

  /** A call is not to wait for ever for a hand that does not come. */
  #limit(call: Call): void {
    call.patience ??= setTimeout(() => {
      const at = this.#queue.indexOf(call);
      if (at < 0 || this.#isReady) return;
      this.#queue.splice(at, 1);
      call.reject(new Error(`no net hand at ${this.#options.socket}: ${this.#trouble}`));
      this.#rest();
    }, PATIENCE_MS);
  }

  #drain(): void {
    while (this.#isReady && !this.#isLosing) {
      const call = this.#queue.shift();
      if (call === undefined) break;
      if (call.loses) this.#lose(call);
      else this.#send(call.request, call);
    }
    this.#rest();
  }

  #lose({ request, resolve, reject }: Call): void {
    this.#isLosing = true;
    // Where arming is refused the call is as well.
    this.#send([ARMING], { resolve: () => undefined, reject: () => undefined });
    const settle = (answer: Uint8Array): void => {
      this.#send([SETTLING], {
        reject,
        resolve: (settled) => {
          if (settled[0] === 0 || answer[0] !== 0) resolve(answer);
          else reject(new Error('it was not settled in time, and the hand has put back what was lost'));
        },
      });
      this.#isLosing = false;
      this.#drain();
    };
    this.#send(request, { reject, resolve: settle });
  }

  #send(request: readonly Uint8Array[], answered: Answered): void {
    this.#sequence = (this.#sequence % 0xffff_ffff) + 1;
    this.#pending.set(this.#sequence, answered);
    this.#connection?.send(this.#sequence, request);
  }

  /** After each step: for whom the process stays alive, and whether nothing is left to do. */
  #rest(): void {
    const isBusy = this.#pending.size > 0 || this.#queue.length > 0 || this.#attempted !== undefined;
    this.#connection?.hold(isBusy || this.#closed !== undefined);
    if (isBusy) this.#retry?.ref();
    else this.#retry?.unref();
    if (isBusy || this.#closed === undefined) return;
    clearTimeout(this.#retry);
    const connection = this.#connection;
    this.#connection = undefined;
    this.#isReady = false;
    connection?.end();
    this.#closed();
    this.#closed = undefined;
  }
}
