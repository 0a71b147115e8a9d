import type { Clock } from '../../core/base/ports.ts';
import { type Millis, millis } from '../../core/base/time.ts';
import type { HistoryRow } from '../../core/incident/history.ts';
import {
  bucketOf,
  bucketsUpTo,
  countInto,
  EMPTY,
  firstOf,
  KEPT,
  type OpenRollup,
  opened,
  ROLLUP_UNITS,
  type Rollup,
  type RollupState,
  type RollupUnit,
} from '../../core/incident/rollup.ts';
import { rollupState, rollups } from '../../core/keys/records.ts';
import type { Records, Writes } from '../store/index.ts';
import { markedFindings } from './marked-findings.ts';

/** 24 hours that began within one. */
const RECENT_HOURS = 25;
/** The only record of its collection. */
const STATE = ['findings'] as const;

type Buckets = Readonly<Record<RollupUnit, ReadonlyMap<Millis, Rollup>>>;

/**
 * Findings counted by hour and by day, in memory and on disk. They are written in the batch that holds the findings, so
 * that a crash leaves neither ahead of the other; what the counts lack at a start is counted then.
 */
export class FindingRollups {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #buckets: Readonly<Record<RollupUnit, Map<Millis, Rollup>>> = { hour: new Map(), day: new Map() };
  #state: RollupState = { counted: 0, suppressed: 0 };

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  get state(): RollupState {
    return this.#state;
  }

  /** The last `count` buckets, oldest first, empty ones too. */
  series(unit: RollupUnit, count: number): readonly { readonly start: Millis; readonly rollup: Rollup }[] {
    const buckets = this.#buckets[unit];
    return bucketsUpTo(unit, this.#clock.now(), count).map((start) => ({ start, rollup: buckets.get(start) ?? EMPTY }));
  }

  /** Findings in view of the last 24 hours, and of the hour in which these began. */
  recent(): { readonly since: Millis; readonly count: number } {
    const hours = this.series('hour', RECENT_HOURS);
    const count = hours
      .flatMap(({ rollup }) => Object.values(rollup.severities))
      .reduce((sum, findings) => sum + findings, 0);
    return { since: hours[0]?.start ?? this.#clock.now(), count };
  }

  async load(records: Records): Promise<void> {
    for (const unit of ROLLUP_UNITS) {
      for await (const [[, start], rollup] of records.list(rollups, [unit])) {
        this.#buckets[unit].set(start as Millis, rollup);
      }
    }
    this.#state = (await records.get(rollupState, STATE)) ?? this.#state;
    const draft = this.draft();
    for await (const row of markedFindings(records, { after: [this.#state.counted] })) draft.add(row);
    if (draft.state.counted === this.#state.counted) return;
    await records.write((writes) => draft.save(writes));
    this.take(draft);
  }

  /** Counts to come: added to and saved beside these, which stay as they are until the draft is taken. */
  draft(): RollupDraft {
    return new RollupDraft(this.#buckets, this.#state, this.#clock.now());
  }

  take({ changed, gone, state }: RollupDraft): void {
    for (const unit of ROLLUP_UNITS) {
      for (const [start, rollup] of changed[unit]) this.#buckets[unit].set(start, rollup);
      for (const start of gone(unit)) this.#buckets[unit].delete(start);
    }
    this.#state = state;
  }
}

/** What a batch of findings adds to the counts. */
export class RollupDraft {
  readonly changed: Readonly<Record<RollupUnit, Map<Millis, OpenRollup>>> = { hour: new Map(), day: new Map() };
  readonly #before: Buckets;
  readonly #now: Millis;
  #state: RollupState;

  constructor(before: Buckets, state: RollupState, now: Millis) {
    this.#before = before;
    this.#state = state;
    this.#now = now;
  }

  get state(): RollupState {
    return this.#state;
  }

  add(row: HistoryRow): void {
    this.#state = stateWith(this.#state, row);
    const { finding, suppressedBy } = row;
    if (suppressedBy !== undefined) return;
    for (const unit of ROLLUP_UNITS) {
      const start = bucketOf(unit, finding.at);
      if (start < firstOf(unit, this.#now, KEPT[unit])) continue;
      const rollup = this.changed[unit].get(start) ?? opened(this.#before[unit].get(start) ?? EMPTY);
      this.changed[unit].set(start, rollup);
      countInto(rollup, finding);
    }
  }

  /** Puts the changed counts into a batch, and takes what is too old out. */
  async save(writes: Writes): Promise<void> {
    for (const unit of ROLLUP_UNITS) {
      for (const [start, rollup] of this.changed[unit]) await writes.put(rollups, [unit, start], rollup);
      for (const start of this.gone(unit)) await writes.delete(rollups, [unit, start]);
    }
    await writes.put(rollupState, STATE, this.#state);
  }

  /** Buckets that are too old by now. */
  readonly gone = (unit: RollupUnit): readonly Millis[] => {
    const before = this.#before[unit];
    const oldest = firstOf(unit, this.#now, KEPT[unit]);
    const isFull = before.size + this.changed[unit].size > KEPT[unit];
    return isFull ? [...before.keys()].filter((start) => start < oldest) : [];
  };
}

function stateWith(
  { counted: last, suppressed, lastCritical = millis(0) }: RollupState,
  { finding, serial, suppressedBy }: HistoryRow,
): RollupState {
  const isCritical = suppressedBy === undefined && finding.severity === 'critical';
  const critical = isCritical ? Math.max(lastCritical, finding.at) : lastCritical;
  return {
    counted: Math.max(last, serial),
    suppressed: suppressed + Number(suppressedBy !== undefined),
    ...(critical === 0 ? {} : { lastCritical: millis(critical) }),
  };
}
