import type { Clock } from '../../../core/base/ports.ts';
import { messageOf } from '../../../core/base/result.ts';
import { type Millis, millis } from '../../../core/base/time.ts';
import type { RawLine } from '../../../core/event/event.ts';
import type { NetworkSink } from './port.ts';

export interface IntakeLimits {
  /** Lines in one batch. */
  readonly batchLines: number;
  /** Lines that may wait for the sink: datagrams beyond that are dropped, streams are not cut into lines any more. */
  readonly queueLines: number;
  /** The same in characters. */
  readonly queueChars: number;
}

export interface IntakeParts {
  readonly parser: string;
  readonly sink: NetworkSink;
  readonly clock: Clock;
  readonly limits: IntakeLimits;
  /** The sink refuses, and why; `''` when it takes again. */
  readonly hindered: (why: string) => void;
}

interface Entry {
  readonly line: RawLine;
  /** Of the last line of those that came together. */
  readonly taken?: () => void;
}

/** A batch that was refused is offered again after 0.5 s, 1 s, … 10 s. */
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/**
 * The queue between one listener and the pipeline. The two ways in are the two policies of the receiver:
 * - `take`, for streams: nothing is ever dropped. It resolves when the sink has the lines, and until then the caller does
 *   not read on, so that each connection has at most one chunk waiting and all take turns. A caller asks `hasRoom` before a
 *   chunk is cut into lines, because one of tiny messages takes a hundred times its room as lines.
 * - `offer`, for datagrams: the queue is bounded, and one that does not fit is dropped, the newest first, because what came
 *   before a flood is worth more than the flood. The caller counts it.
 */
export class Intake {
  readonly #parts: IntakeParts;
  #entries: Entry[] = [];
  #chars = 0;
  readonly #forRoom: (() => void)[] = [];
  #isPumping = false;
  #pumping: Promise<void> = Promise.resolve();
  #isStopped = false;
  #endPause = (): void => {};

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** Lines that wait, without the batch under way. */
  get waiting(): number {
    return this.#entries.length;
  }

  /** @returns false when there is no room: the line is lost */
  offer(line: RawLine): boolean {
    const { queueLines, queueChars } = this.#parts.limits;
    if (this.#isStopped || this.#entries.length >= queueLines || this.#chars >= queueChars) return false;
    this.#push({ line });
    return true;
  }

  /** Resolves when the sink took the last of them; not at all when the intake is stopped before. */
  take(lines: readonly RawLine[]): Promise<void> {
    return new Promise((resolve) => {
      for (const [i, line] of lines.entries()) this.#push(i === lines.length - 1 ? { line, taken: resolve } : { line });
    });
  }

  get hasRoom(): boolean {
    return this.#entries.length < this.#parts.limits.queueLines;
  }

  /** Runs `next` once when there is room and those before it have had their turn. */
  whenRoom(next: () => void): void {
    this.#forRoom.push(next);
  }

  /**
   * Lets the sink take what waits, for `within` at most; nothing comes in or goes out afterwards.
   * @returns lines that were not taken
   */
  async stop(within: Millis): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#parts.clock.after(within, resolve);
    await Promise.race([promise, this.#pumping]);
    cancel();
    this.#isStopped = true;
    this.#endPause();
    return this.#entries.length;
  }

  #push(entry: Entry): void {
    this.#entries.push(entry);
    this.#chars += entry.line.text.length;
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#pumping = this.#pump();
  }

  async #pump(): Promise<void> {
    await undefined;
    while (this.#entries.length > 0 && !this.#isStopped) {
      const batch = this.#entries.slice(0, this.#parts.limits.batchLines);
      await this.#submit(batch.map(({ line }) => line));
      if (this.#isStopped) return;
      this.#entries.splice(0, batch.length);
      for (const { line, taken } of batch) {
        this.#chars -= line.text.length;
        taken?.();
      }
      this.#admit();
    }
    this.#isPumping = false;
  }

  #admit(): void {
    while (this.#forRoom.length > 0 && this.hasRoom) this.#forRoom.shift()?.();
  }

  /** Until it is taken, or all stops. */
  async #submit(lines: readonly RawLine[]): Promise<void> {
    const { sink, parser, hindered } = this.#parts;
    for (let refusals = 0; !this.#isStopped; refusals++) {
      try {
        await sink.submit({ parser, lines });
        if (refusals > 0) hindered('');
        return;
      } catch (thrown) {
        if (this.#isStopped) return;
        hindered(`the pipeline does not take lines: ${messageOf(thrown)}`);
        await this.#pause(millis(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(refusals, 10))));
      }
    }
  }

  #pause(length: Millis): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(length, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }
}
