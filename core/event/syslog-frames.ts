import { MAX_LINE_BYTES } from './framing.ts';

const LINE_FEED = 0x0a;
const SPACE = 0x20;
const LESS = 0x3c;
const SMALL = 4096;

/** Digits of the longest count that is understood as one; a longer row of digits is text. */
const COUNT_DIGITS = 7;

/** One syslog message of a stream, or the news that one was passed over. */
export interface SyslogFrame {
  /** As it came, its trailer not included; a view that holds until it is handed back. Empty when `tooLong`. */
  readonly bytes: Uint8Array;
  readonly tooLong: boolean;
}

type Each = (frame: SyslogFrame) => void;

/** A stretch of a chunk that belongs to the current message, and whether it is its last. */
interface Part {
  readonly from: number;
  readonly to: number;
  readonly isWhole: boolean;
}

/** `between` messages; `deciding` how the next one is framed; inside one; or passing over an over-long one. */
type State = 'between' | 'deciding' | 'counted' | 'line' | 'skip counted' | 'skip line';

const LESS_ALONE = Uint8Array.of(LESS);
const TOO_LONG: SyslogFrame = { bytes: new Uint8Array(0), tooLong: true };

/**
 * Cuts one connection's bytes into syslog messages, RFC 6587. Both framings are understood, message by message, so that
 * a stream may mix them: `MSGLEN SP MSG` (octet counting) where a count, one space and a `<` stand at a message's start,
 * else everything up to a line feed (non-transparent framing). Line feeds, carriage returns and NULs between messages
 * are nobody's. A counted message may hold line feeds.
 *
 * A message longer than `most` bytes is told once as `tooLong` and passed over. Memory is bounded by `most`, however
 * large a count is announced: room is made only for what came.
 */
export class SyslogDeframer {
  readonly #most: number;
  #state: State = 'between';
  /** The begun message, or the bytes that do not decide yet; `#held` of them are in use. */
  #carry = new Uint8Array(0);
  #held = 0;
  /** Bytes that a counted message still lacks. */
  #left = 0;

  constructor(most: number = MAX_LINE_BYTES) {
    this.#most = most;
  }

  /** Bytes kept of an unfinished message. */
  get held(): number {
    return this.#held;
  }

  /** A message has begun and not ended, also one that is passed over. */
  get isInside(): boolean {
    return this.#state !== 'between';
  }

  /** @param each is given the messages that end in this chunk, in order; must not keep their bytes */
  push(chunk: Uint8Array, each: Each): void {
    for (let at = 0; at < chunk.length; ) {
      const from = at;
      switch (this.#state) {
        case 'between':
          at = this.#passSeparators(chunk, at);
          break;
        case 'deciding':
          this.#decide(chunk[at++] as number, each);
          break;
        case 'counted': {
          at = Math.min(chunk.length, at + this.#left);
          this.#left -= at - from;
          this.#gather(chunk, { from, to: at, isWhole: this.#left === 0 }, each);
          break;
        }
        case 'line': {
          const end = chunk.indexOf(LINE_FEED, at);
          at = end < 0 ? chunk.length : end + 1;
          this.#gather(chunk, { from, to: end < 0 ? chunk.length : end, isWhole: end >= 0 }, each);
          break;
        }
        case 'skip counted':
          at = Math.min(chunk.length, at + this.#left);
          this.#left -= at - from;
          if (this.#left === 0) this.#state = 'between';
          break;
        case 'skip line': {
          const end = chunk.indexOf(LINE_FEED, at);
          at = end < 0 ? chunk.length : end + 1;
          if (end >= 0) this.#state = 'between';
          break;
        }
      }
    }
  }

  /**
   * After the last byte. A line without its end is a message all the same, as many senders leave the last one; a counted
   * one that came in part is not.
   * @returns that message, `cut off` for bytes that came to nothing, else nothing
   */
  end(): SyslogFrame | 'cut off' | undefined {
    const state = this.#state;
    const bytes = this.#carry.subarray(0, this.#held);
    this.#state = 'between';
    this.#forget();
    if (state === 'counted') return 'cut off';
    return state === 'line' || state === 'deciding' ? { bytes, tooLong: false } : undefined;
  }

  #passSeparators(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length && isSeparator(chunk[at] as number)) at++;
    if (at < chunk.length) this.#state = isCountStart(chunk[at] as number) ? 'deciding' : 'line';
    return at;
  }

  /** Byte by byte: the few at a message's start that look like a count. */
  #decide(byte: number, each: Each): void {
    if (byte === LINE_FEED) {
      this.#finish(this.#carry, 0, this.#held, each);
      return;
    }
    const last = this.#held === 0 ? 0 : (this.#carry[this.#held - 1] as number);
    this.#append(Uint8Array.of(byte), 0, 1);
    if (isDigit(byte) && last !== SPACE && this.#held <= COUNT_DIGITS) return;
    if (byte === SPACE && last !== SPACE) return;
    if (byte !== LESS || last !== SPACE) {
      this.#state = 'line';
      return;
    }
    const count = Number(String.fromCharCode(...this.#carry.subarray(0, this.#held - 2)));
    this.#held = 0;
    this.#begin(count, each);
  }

  /** The `<` of a counted message was read. */
  #begin(count: number, each: Each): void {
    this.#left = count - 1;
    if (count > this.#most) {
      this.#state = 'skip counted';
      each(TOO_LONG);
      return;
    }
    this.#state = 'counted';
    this.#gather(LESS_ALONE, { from: 0, to: 1, isWhole: this.#left === 0 }, each);
  }

  #gather(chunk: Uint8Array, { from, to, isWhole }: Part, each: Each): void {
    if (this.#held + to - from > this.#most) {
      this.#state = isWhole ? 'between' : this.#state === 'counted' ? 'skip counted' : 'skip line';
      this.#forget();
      each(TOO_LONG);
      return;
    }
    if (isWhole && this.#held === 0) {
      this.#finish(chunk, from, to, each);
      return;
    }
    this.#append(chunk, from, to);
    if (isWhole) this.#finish(this.#carry, 0, this.#held, each);
  }

  #finish(bytes: Uint8Array, from: number, to: number, each: Each): void {
    this.#state = 'between';
    this.#forget();
    each({ bytes: bytes.subarray(from, to), tooLong: false });
  }

  #append(chunk: Uint8Array, from: number, to: number): void {
    const needed = this.#held + to - from;
    if (needed > this.#carry.length) {
      const grown = new Uint8Array(Math.max(needed, this.#carry.length * 2, 256));
      grown.set(this.#carry.subarray(0, this.#held));
      this.#carry = grown;
    }
    this.#carry.set(chunk.subarray(from, to), this.#held);
    this.#held = needed;
  }

  /** A buffer grown for one long message is not kept for the thousands of short ones. */
  #forget(): void {
    this.#held = 0;
    if (this.#carry.length > SMALL) this.#carry = new Uint8Array(0);
  }
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

/** A count has no leading zero. */
const isCountStart = (byte: number): boolean => byte >= 0x31 && byte <= 0x39;

const isSeparator = (byte: number): boolean => byte === LINE_FEED || byte === 0x0d || byte === 0;
