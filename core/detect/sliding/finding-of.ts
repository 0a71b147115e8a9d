import { goDuration, type Millis, millis } from '../../base/time.ts';
import { type Event, type Position, PROVENANCES, type Provenance } from '../../event/event.ts';
import type { Finding } from '../finding.ts';
import { findingIdOf } from '../finding-id.ts';
import type { SlidingCheck } from './sliding-check.ts';

/** What counted. */
export interface Counted {
  /** What was measured. */
  readonly count: number;
  readonly first: Position;
  readonly firstAt: Millis;
  readonly latestAt: Millis;
  /** The least trustworthy. */
  readonly provenance: Provenance;
  readonly values: ReadonlySet<string>;
}

/** The finding that `event` completes about `subject`. */
export function findingOf({ info, ...check }: SlidingCheck, subject: string, event: Event, counted: Counted): Finding {
  const { count, values, firstAt } = counted;
  const spent = goDuration(millis(Math.max(event.at, counted.latestAt) - firstAt));
  const finding = {
    at: event.at,
    check: info.name,
    severity: info.severity,
    subject: { kind: check.subject, value: subject },
    message: check.say({ subject, event, count, spent, values }),
    firstAt,
    count,
    first: counted.first,
    last: event.position,
    provenance: leastTrusted(counted.provenance, event.provenance),
  };
  return { id: findingIdOf(finding), ...finding };
}

export const leastTrusted = (a: Provenance, b: Provenance): Provenance =>
  PROVENANCES.indexOf(a) > PROVENANCES.indexOf(b) ? a : b;
