import type { Clock } from '../../core/base/ports.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { isKeyOf } from '../../core/incident/dismissal.ts';
import { dismissals } from '../../core/keys/records.ts';
import type { Records } from '../store/index.ts';
import { ACTIVE_FOR, type ActiveFindings } from './active-findings.ts';

export interface DismissalsDeps {
  readonly records: Records;
  readonly active: ActiveFindings;
  readonly clock: Pick<Clock, 'now'>;
}

/** Groups that operators took out of view. A record outlives its use by nothing: with its group it is forgotten. */
export class Dismissals {
  readonly #deps: DismissalsDeps;

  constructor(deps: DismissalsDeps) {
    this.#deps = deps;
  }

  /** After the active findings were loaded. */
  async load(): Promise<void> {
    const { records, active, clock } = this.#deps;
    const past: (readonly [string, string, string])[] = [];
    for await (const [key, { serial, at }] of records.list(dismissals, [])) {
      if (at <= clock.now() - ACTIVE_FOR) past.push(key);
      else active.dismissUpTo(key, serial);
    }
    if (past.length === 0) return;
    await records.write(async (writes) => {
      for (const key of past) await writes.delete(dismissals, key);
    });
  }

  /** @returns how many groups it applied to */
  async dismiss(key: string, actor: string): Promise<Result<number, 'failed'>> {
    const { records, active, clock } = this.#deps;
    const now = clock.now();
    const groups = active.list(now).filter(({ latest }) => isKeyOf(key, latest));
    if (groups.length === 0) return ok(0);
    const saved = await records.write(
      async (writes) => {
        for (const { latest, serial } of groups) {
          const { check, subject } = latest;
          await writes.put(dismissals, [check, subject.kind, subject.value], { serial, at: now, actor });
        }
      },
      { sync: true },
    );
    if (!saved.ok) return fail('failed', `the dismissal could not be kept: ${saved.public}`);
    for (const { latest, serial } of groups) {
      active.dismissUpTo([latest.check, latest.subject.kind, latest.subject.value], serial);
    }
    return ok(groups.length);
  }
}
