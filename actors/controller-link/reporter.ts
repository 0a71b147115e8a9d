import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf, type Result } from '../../core/base/result.ts';
import { type Millis, millis, minutes, seconds } from '../../core/base/time.ts';
import type { Outgoing, Priority, SendFailure } from './port.ts';
import type { MadeReport } from './report.ts';

/** Changes are told together; so often at most. */
const EVERY: Millis = seconds(5);
/** How often it is looked at whether anything has changed, where nobody says so. */
const LOOK_EVERY: Millis = seconds(15);
/** How long after a report another one is made for how far streams were sent alone. */
const SENT_EVERY: Millis = minutes(1);
/** Told again though nothing has changed: a broker may have brought an older report after it, or one of its own. */
const AGAIN_EVERY: Millis = minutes(10);

export interface ReporterDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly send: (message: Outgoing, priority: Priority) => Promise<Result<void, SendFailure>>;
  readonly topic: () => string;
  /** The report as it is now. */
  readonly report: () => Promise<MadeReport>;
}

/** Publishes how the appliance stands: after each connect, when it has changed, and now and then. */
export class Reporter {
  readonly #deps: ReporterDeps;
  #isUp = false;
  #up = 0;
  #said: string | undefined;
  /** How far the last report says that streams were sent, and how far they were when that was looked at last. */
  #sentSaid: readonly string[] = [];
  #sentSeen: readonly string[] = [];
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

  /**
   * Whether a stream came to rest elsewhere than was told. What is missing of one that goes on is seen by what comes next; of one that
   * rests it is seen by the report alone, by whoever takes the shard, too.
   */
  #isLeftUntold(streams: readonly string[]): boolean {
    const since = this.#deps.clock.now() - this.#last;
    if (since >= 0 && since < SENT_EVERY) return false;
    return streams.some((one) => !this.#sentSaid.includes(one) && this.#sentSeen.includes(one));
  }

  async #tell(): Promise<void> {
    if (this.#isBusy) {
      this.#isAgain = true;
      return;
    }
    this.#isBusy = true;
    const up = this.#up;
    try {
      const { bytes, says, sent: streams } = await this.#deps.report();
      if (this.#up !== up) return;
      const since = this.#deps.clock.now() - this.#last;
      // Before the last one: the clock was set back.
      const isDue = since < 0 || since >= AGAIN_EVERY;
      const isNews = says !== this.#said || this.#isLeftUntold(streams) || isDue;
      this.#sentSeen = streams;
      if (!isNews) return;
      this.#last = this.#deps.clock.now();
      const topic = this.#deps.topic();
      const sent = await this.#deps.send({ topic, payload: bytes, isRetained: true, message: 'Reported' }, 'reported');
      if (this.#up === up && sent.ok) [this.#said, this.#sentSaid] = [says, streams];
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
