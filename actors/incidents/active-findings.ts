import { hours, type Millis } from '../../core/base/time.ts';
import type { Finding, Severity } from '../../core/detect/finding.ts';
import type { FindingGroup } from '../../core/incident/finding-group.ts';

/** How long a group stays active after its last finding. */
export const ACTIVE_FOR: Millis = hours(24);
/** Groups kept; beyond it the one seen least recently goes. Its findings stay in the store. */
const MOST_GROUPS = 10_000;

/** The findings of the last 24 h, grouped by check and subject, in order of their last finding. */
export class ActiveFindings {
  /** Insertion order is order of the latest finding: a group is moved to the end when it gets one. */
  readonly #groups = new Map<string, FindingGroup>();

  add(finding: Finding, serial: number): void {
    const key = `${finding.check}\n${finding.subject.kind}\n${finding.subject.value}`;
    const before = this.#groups.get(key);
    this.#groups.delete(key);
    this.#groups.set(key, before === undefined ? groupOf(finding, serial) : grown(before, finding, serial));
    if (this.#groups.size > MOST_GROUPS) {
      const oldest = this.#groups.keys().next();
      if (!oldest.done) this.#groups.delete(oldest.value);
    }
  }

  /** Newest first. */
  list(now: Millis): readonly FindingGroup[] {
    return [...this.#groups.values()].filter((group) => group.lastSeen > now - ACTIVE_FOR).reverse();
  }

  severities(now: Millis): Readonly<Record<Severity, number>> {
    const counts = { warning: 0, high: 0, critical: 0 };
    for (const group of this.list(now)) counts[group.latest.severity]++;
    return counts;
  }
}

const groupOf = (finding: Finding, serial: number): FindingGroup => ({
  latest: finding,
  serial,
  firstSeen: finding.firstAt,
  lastSeen: finding.at,
  findings: 1,
});

/** Findings of several sources arrive out of order: `latest` is the one latest by event time. */
const grown = (group: FindingGroup, finding: Finding, serial: number): FindingGroup => ({
  latest: finding.at >= group.latest.at ? finding : group.latest,
  serial: Math.max(serial, group.serial),
  firstSeen: Math.min(group.firstSeen, finding.firstAt) as Millis,
  lastSeen: Math.max(group.lastSeen, finding.at) as Millis,
  findings: group.findings + 1,
});
