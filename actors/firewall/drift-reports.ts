import { type Millis, minutes, seconds } from '../../core/base/time.ts';
import type { Author, Damage } from './damage.ts';

/**
 * What a person should know of the kernel's drift. `damaged`: less was held than should be; the message says what, by whom,
 * and what came of it. `repaired`: what could not be put back at first is back. `contested`: somebody does it again and
 * again. `ahead`: a chain of somebody else's comes before ours.
 */
export interface DriftReport {
  readonly kind: 'damaged' | 'repaired' | 'contested' | 'ahead';
  readonly message: string;
}

/** Reports of damage in a minute; what is beyond is in the log, and in the counters. */
const MOST_A_MINUTE = 5;
const CONTESTED_AGAIN = minutes(5);
/** So long after the last pause each damage is told by itself again. */
const CALM = seconds(30);

interface Incident {
  readonly since: Millis;
  readonly what: Set<string>;
  by: Author | undefined;
  /** Lowest ratio. */
  lowest: number;
  isTold: boolean;
}

/** Turns damage and repairs into reports, as few as tell everything. */
export class DriftReports {
  readonly #tell: (report: DriftReport) => void;
  readonly #now: () => Millis;
  #incident: Incident | undefined;
  #told: Millis[] = [];
  /** When it was last told, and when repairs were last held back. */
  #contestedTold: number = Number.NEGATIVE_INFINITY;
  #contestedAt: number = Number.NEGATIVE_INFINITY;

  constructor(tell: (report: DriftReport) => void, now: () => Millis) {
    this.#tell = tell;
    this.#now = now;
  }

  /** What is broken at this moment, in words; undefined when nothing is. */
  get open(): string | undefined {
    return this.#incident && textOf(this.#incident);
  }

  /** @param ratio that is held with this damage */
  damaged(what: readonly string[], by: Author | undefined, ratio: number): void {
    const incident = this.#incident ?? { since: this.#now(), what: new Set(), by, lowest: ratio, isTold: false };
    this.#incident = incident;
    for (const one of what) incident.what.add(one);
    incident.by = by ?? incident.by;
    incident.lowest = Math.min(incident.lowest, ratio);
  }

  repaired(): void {
    const incident = this.#incident;
    this.#incident = undefined;
    if (incident === undefined || isWithin(CALM, this.#contestedAt, this.#now())) return;
    const after = `put back after ${this.#now() - incident.since} ms`;
    const message = `The firewall is whole again: ${textOf(incident)}; ${after}`;
    if (incident.isTold) this.#tell({ kind: 'repaired', message });
    else this.#damage(`${textOf(incident)}; ${after}`);
  }

  notRepaired(why: string): void {
    const incident = this.#incident;
    if (incident === undefined || incident.isTold) return;
    incident.isTold = true;
    this.#damage(`${textOf(incident)}; it could not be put back yet: ${why}`);
  }

  contested(): void {
    const now = this.#now();
    this.#contestedAt = now;
    if (isWithin(CONTESTED_AGAIN, this.#contestedTold, now)) return;
    this.#contestedTold = now;
    this.#tell({ kind: 'contested', message: `${CONTESTED}: ${this.open ?? 'the table is changed'}` });
  }

  ahead(chains: readonly string[]): void {
    this.#tell({ kind: 'ahead', message: aheadText(chains) });
  }

  #damage(text: string): void {
    const now = this.#now();
    this.#told = this.#told.filter((at) => isWithin(minutes(1), at, now));
    if (isWithin(CALM, this.#contestedAt, now) || this.#told.length >= MOST_A_MINUTE) return;
    this.#told.push(now);
    this.#tell({ kind: 'damaged', message: `The firewall was damaged: ${text}` });
  }
}

/** A moment in the future is from before the wall clock was set. */
const isWithin = (length: Millis, at: number, now: Millis): boolean => at <= now && now < at + length;

export const CONTESTED =
  'Another program damages the firewall as often as it is repaired, and repairs are held back: stop it, or take table inet bartizan out of what it manages';

export const aheadText = (chains: readonly string[]): string =>
  `What ${chains.join(', ')} of another program drops or rewrites does not come to the firewall's own chains as it was sent`;

/** @returns nothing for damage that is only presumed */
export function wordsFor({ table, rules, sets }: Pick<Damage, 'table' | 'rules' | 'sets'>): readonly string[] {
  return [
    ...(table ? ['the table was removed or changed'] : []),
    ...(rules && !table ? ['its chains or rules were changed'] : []),
    ...(table
      ? []
      : [...sets].map(([set, keys]) =>
          typeof keys === 'string'
            ? `set ${set} was changed`
            : `${keys.size} element${keys.size === 1 ? '' : 's'} of set ${set} ${keys.size === 1 ? 'was' : 'were'} deleted`,
        )),
  ];
}

function textOf({ what, by, lowest }: Incident): string {
  const who =
    by === undefined
      ? 'by an unknown program'
      : `by ${by.program === '' ? 'a program' : by.program} (process ${by.pid})`;
  return `${[...what].slice(0, 5).join(', ')}, ${who}, so that ${percent(lowest)} % of it were in force`;
}

/** Rounded down: 100 only when it is all. */
export const percent = (ratio: number): number => Math.floor(ratio * 1000) / 10;
