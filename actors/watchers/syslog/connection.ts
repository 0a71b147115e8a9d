import type { Clock } from '../../../core/base/ports.ts';
import type { Millis } from '../../../core/base/time.ts';
import type { RawLine } from '../../../core/event/event.ts';
import { SyslogDeframer, type SyslogFrame } from '../../../core/event/syslog-frames.ts';
import type { Intake } from './intake.ts';
import type { LineMaker, Sender } from './lines.ts';
import type { Stream, StreamHandlers } from './network.ts';

export interface ConnectionParts {
  readonly clock: Clock;
  readonly intake: Intake;
  readonly lines: LineMaker;
  readonly counters: Record<'lines' | 'bytes' | 'tooLong' | 'cutOff' | 'hostsReplaced', number>;
  /** More is held of an unfinished message than before. */
  readonly grew: () => void;
  readonly closed: () => void;
}

export interface Patience {
  /** For the next byte. */
  readonly idle: Millis;
  /** For the end of a message that has begun. */
  readonly message: Millis;
}

/**
 * One sender's stream. A chunk is cut into lines and the sender not read on until the sink has them: at most one chunk
 * (64 KiB) of it waits here, the rest in the kernel's buffer and then at the sender, which feels that as TCP intends.
 */
export class Connection implements StreamHandlers {
  readonly #stream: Stream;
  readonly #sender: Sender;
  readonly #parts: ConnectionParts;
  readonly #deframer = new SyslogDeframer();
  #heardAt: Millis;
  /** Since when the unfinished message is unfinished. */
  #begunAt: Millis | undefined;
  #isPaused = false;
  /** A chunk that waits for room. */
  #pending: Uint8Array | undefined;
  #isClosed = false;

  constructor(stream: Stream, sender: Sender, parts: ConnectionParts) {
    this.#stream = stream;
    this.#sender = sender;
    this.#parts = parts;
    this.#heardAt = parts.clock.now();
  }

  /** Bytes kept of an unfinished message. */
  get held(): number {
    return this.#deframer.held;
  }

  data(bytes: Uint8Array): void {
    const { counters, clock, intake } = this.#parts;
    counters.bytes += bytes.length;
    this.#heardAt = clock.now();
    if (intake.hasRoom) {
      this.#cut(bytes);
      return;
    }
    this.#pending = bytes.slice();
    this.#pause();
    intake.whenRoom(() => this.#cutPending());
  }

  end(): void {
    const last = this.#deframer.end();
    this.#begunAt = undefined;
    if (last === 'cut off') this.#parts.counters.cutOff++;
    else if (last !== undefined) this.#handOn(this.#read(last));
  }

  closed(): void {
    this.#isClosed = true;
    this.#cutPending();
    if (this.#deframer.end() !== undefined) this.#parts.counters.cutOff++;
    this.#parts.closed();
  }

  destroy(): void {
    this.#stream.destroy();
  }

  /** Whose patience is over: the sender's silence between messages, or within one. Never while it is we who make it wait. */
  overdue(now: Millis, { idle, message }: Patience): 'idle' | 'slow' | undefined {
    if (this.#isPaused) return undefined;
    if (this.#begunAt !== undefined && now - this.#begunAt >= message) return 'slow';
    return now - this.#heardAt >= idle ? 'idle' : undefined;
  }

  #cutPending(): void {
    const chunk = this.#pending;
    this.#pending = undefined;
    if (chunk !== undefined && this.#cut(chunk) === 0) this.#readOn();
  }

  /** @returns how many lines were handed on */
  #cut(bytes: Uint8Array): number {
    const held = this.#deframer.held;
    const lines: RawLine[] = [];
    this.#deframer.push(bytes, (frame) => lines.push(...this.#read(frame)));
    if (!this.#deframer.isInside) this.#begunAt = undefined;
    else if (lines.length > 0 || this.#begunAt === undefined) this.#begunAt = this.#heardAt;
    this.#handOn(lines);
    if (this.#deframer.held > held) this.#parts.grew();
    return lines.length;
  }

  #read({ bytes, tooLong }: SyslogFrame): readonly RawLine[] {
    const { lines, counters } = this.#parts;
    if (tooLong) {
      counters.tooLong++;
      return [lines.makeTooLong(this.#sender)];
    }
    const made = lines.make(bytes, this.#sender);
    if (made === undefined) return [];
    if (made.isHostReplaced) counters.hostsReplaced++;
    return [made.line];
  }

  #handOn(lines: readonly RawLine[]): void {
    if (lines.length === 0) return;
    this.#parts.counters.lines += lines.length;
    this.#pause();
    void this.#parts.intake.take(lines).then(() => this.#readOn());
  }

  #pause(): void {
    this.#isPaused = true;
    this.#stream.pause();
  }

  #readOn(): void {
    if (this.#isClosed) return;
    this.#isPaused = false;
    this.#heardAt = this.#parts.clock.now();
    if (this.#begunAt !== undefined) this.#begunAt = this.#heardAt;
    this.#stream.resume();
  }
}
