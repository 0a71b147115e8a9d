import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf, type Result } from '../../core/base/result.ts';
import { type Millis, millis, seconds } from '../../core/base/time.ts';
import type { Outgoing, Priority, SendFailure } from './port.ts';

/** Changes are told together; so often at most. */
const EVERY: Millis = seconds(5);
/** How often it is looked at whether anything has changed, where nobody says so. */
const LOOK_EVERY: Millis = seconds(15);

export interface ReporterDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly send: (message: Outgoing, priority: Priority) => Promise<Result<void, SendFailure>>;
  readonly topic: () => string;
  /** The report as it is now, with a text that differs whenever what it says does, moments left out. */
  readonly report: () => Promise<{ readonly bytes: Uint8Array; readonly says: string }>;
}

/** Publishes how the appliance stands: after each connect, and when it has changed. */
export class Reporter {
  readonly #deps: ReporterDeps;
  #isUp = false;
  #up = 0;
  #said: string | undefined;
  #cancel: (() => void) | undefined;
  #due: Millis | undefined;
  #last = millis(0);
  #isBusy = false;
  #isAgain = false;

  constructor(deps: ReporterDeps) {
    this.#deps = deps;
  }

  opened(): void {
    this.#isUp = true;
    this.#up++;
    this.#said = undefined;
    void this.#tell();
  }

  closed(): void {
    this.#isUp = false;
    this.#up++;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#due = undefined;
  }

  /** Something is otherwise: told within moments. */
  changed(): void {
    const since = this.#deps.clock.now() - this.#last;
    this.#schedule(millis(since < 0 ? EVERY : Math.max(0, EVERY - since)));
  }

  /** What somebody waits for: told at once, however lately something was. */
  now(): void {
    if (this.#isUp) void this.#tell();
  }

  #schedule(after: Millis): void {
    if (!this.#isUp) return;
    const due = millis(this.#deps.clock.now() + after);
    if (this.#due !== undefined && this.#due <= due) return;
    this.#cancel?.();
    this.#due = due;
    this.#cancel = this.#deps.clock.after(after, () => {
      this.#due = undefined;
      void this.#tell();
    });
  }

  async #tell(): Promise<void> {
    if (this.#isBusy) {
      this.#isAgain = true;
      return;
    }
    this.#isBusy = true;
    const up = this.#up;
    try {
      const { bytes, says } = await this.#deps.report();
      if (this.#up !== up || says === this.#said) return;
      this.#last = this.#deps.clock.now();
      const topic = this.#deps.topic();
      const sent = await this.#deps.send({ topic, payload: bytes, isRetained: true, message: 'Reported' }, 'reported');
      if (this.#up === up && sent.ok) this.#said = says;
    } catch (thrown) {
      this.#deps.log('warn', 'no report could be made for the controller', { error: messageOf(thrown) });
    } finally {
      this.#isBusy = false;
      if (this.#isUp) {
        const isAgain = this.#isAgain || this.#up !== up;
        this.#isAgain = false;
        if (isAgain) void this.#tell();
        else this.#schedule(LOOK_EVERY);
      }
    }
  }
}
