import type { Undo } from '../../../core/api/undo.ts';
import { fail, ok } from '../../../core/base/result.ts';
import { UndoQueues } from '../../../core/respond/undo.ts';
import { START } from './fake-appliance.ts';

/** The real queues at one moment; what is taken back is written down. */
export class FakeUndo implements Undo {
  readonly queues = new UndoQueues();
  /** Operator, what is taken back, and by whom. */
  readonly reversed: unknown[] = [];
  refusal: 'observing' | 'failed' | undefined;
  now = START;
  #recorded = 0;

  record(...[operator, order]: Parameters<Undo['record']>) {
    return this.queues.record(operator, `undo-${++this.#recorded}`, order, this.now).id;
  }
  latest(operator: string) {
    return this.queues.latest(operator, this.now);
  }
  async run(...[operator, id, by]: Parameters<Undo['run']>): ReturnType<Undo['run']> {
    const entry = this.queues.take(operator, id, this.now);
    if (entry === undefined) return fail('gone', 'Undo window expired');
    if (this.refusal !== undefined) return fail(this.refusal, `no: ${this.refusal}`);
    const { action, inverse, reversal } = entry;
    this.reversed.push([operator, reversal, by]);
    return ok({ action, inverse, count: reversal.made.length + reversal.ended.length });
  }
}
