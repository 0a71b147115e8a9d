import type { Undo } from '../../core/api/undo.ts';
import type { Clock, Random } from '../../core/base/ports.ts';
import { fail, ok } from '../../core/base/result.ts';
import { UNDO_WINDOW, type Undoable, UndoQueues } from '../../core/respond/undo.ts';
import type { Orders } from './orders.ts';

export interface UndoDeps {
  readonly reverse: Orders['reverse'];
  readonly clock: Clock;
  readonly random: Random;
}

/** Keeps what can be taken back, and lets go of it when its time is over. */
export class UndoDesk implements Undo {
  readonly #deps: UndoDeps;
  readonly #queues = new UndoQueues();
  #stopWatch: (() => void) | undefined;

  constructor(deps: UndoDeps) {
    this.#deps = deps;
  }

  record(operator: string, order: Undoable): string {
    const { clock, random } = this.#deps;
    const id = Buffer.from(random.bytes(8)).toString('hex');
    this.#queues.record(operator, id, order, clock.now());
    this.#watch();
    return id;
  }

  stop(): void {
    this.#stopWatch?.();
    this.#stopWatch = undefined;
  }

  /** One look per window is enough: what is over is not given out, only held a little longer. */
  #watch(): void {
    const { clock } = this.#deps;
    this.#stopWatch ??= clock.after(UNDO_WINDOW, () => {
      this.#stopWatch = undefined;
      this.#queues.prune(clock.now());
      if (this.#queues.size > 0) this.#watch();
    });
  }

  latest(operator: string) {
    return this.#queues.latest(operator, this.#deps.clock.now());
  }

  async run(...[operator, id, by]: Parameters<Undo['run']>): ReturnType<Undo['run']> {
    const entry = this.#queues.take(operator, id, this.#deps.clock.now());
    if (entry === undefined) return fail('gone', 'Undo window expired');
    const done = await this.#deps.reverse(entry.reversal, by);
    return done.ok ? ok({ ...done.value, action: entry.action, inverse: entry.inverse }) : done;
  }
}
