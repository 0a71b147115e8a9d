import { hours, type Millis } from '../../core/base/time.ts';
import type { Finding, Severity } from '../../core/detect/finding.ts';
import type { FindingGroup } from '../../core/incident/finding-group.ts';

/** How long a group stays active after its last finding. */
export const ACTIVE_FOR: Millis = hours(24);
/** Groups kept; beyond it the one seen least recently goes. Its findings stay in the store. */
const MOST_GROUPS = 10_000;

/** What makes a group: check, kind of subject, subject. */
export type GroupKey = readonly [check: string, kind: string, subject: string];

/** Findings that were kept before this start, on their way into memory. */
export interface TakingUp {
  /** Each older than the one before. */
  older(finding: Finding, serial: number): void;
  /** To be called once, behind the last. */
  done(): void;
}

/** The findings of the last 24 h, grouped by check and subject, in order of their last finding. */
export class ActiveFindings {
  readonly #isHidden: (latest: Finding) => boolean;
  /** Groups out of view until they get another finding. */
  readonly #dismissed = new Set<string>();
  /** Insertion order is order of the latest finding: a group is moved to the end when it gets one. */
  #groups = new Map<string, FindingGroup>();

  /** @param isHidden whether a group is out of view because of its latest finding */
  constructor(isHidden: (latest: Finding) => boolean = () => false) {
    this.#isHidden = isHidden;
  }

  add(finding: Finding, serial: number): void {
    const key = keyOf(finding);
    this.#dismissed.delete(key);
    const before = this.#groups.get(key);
    this.#groups.delete(key);
    const group = groupOf(finding, serial);
    this.#groups.set(key, before === undefined ? group : merged(before, group));
    if (this.#groups.size > MOST_GROUPS) {
      const oldest = this.#groups.keys().next();
      if (!oldest.done) {
        this.#groups.delete(oldest.value);
        this.#dismissed.delete(oldest.value);
      }
    }
  }

  /** Takes up what is on record, newest first, ahead of what was added meanwhile. */
  takeUp(): TakingUp {
    const found = new Map<string, FindingGroup>();
    return {
      older: (finding, serial) => {
        const key = keyOf(finding);
        const known = found.get(key);
        const group = groupOf(finding, serial);
        if (known !== undefined) found.set(key, merged(group, known));
        else if (found.size < MOST_GROUPS) found.set(key, group);
      },
      done: () => {
        const since = this.#groups;
        this.#groups = new Map([...found].reverse());
        for (const [key, group] of since) {
          const before = found.get(key);
          this.#groups.delete(key);
          this.#groups.set(key, before === undefined ? group : merged(before, group));
        }
      },
    };
  }

  /** Those in view, newest first. */
  list(now: Millis, most = MOST_GROUPS): readonly FindingGroup[] {
    const found: FindingGroup[] = [];
    for (const [key, group] of [...this.#groups].reverse()) {
      if (found.length >= most) break;
      if (this.#isInView(key, group, now)) found.push(group);
    }
    return found;
  }

  /** A group as it stands, in view or not; none where there was no finding of it for a day. */
  find(group: GroupKey): { readonly group: FindingGroup; readonly isDismissed: boolean } | undefined {
    const key = group.join('\n');
    const found = this.#groups.get(key);
    if (found === undefined) return undefined;
    return { group: found, isDismissed: this.#dismissed.has(key) || this.#isHidden(found.latest) };
  }

  /** Keys of the groups about any of these. Looks at all of them. */
  about(subjects: ReadonlySet<string>): readonly GroupKey[] {
    return [...this.#groups.values()].flatMap(({ latest }) =>
      subjects.has(latest.subject.value) ? [[latest.check, latest.subject.kind, latest.subject.value] as const] : [],
    );
  }

  /** Takes a group out of view unless it has a finding newer than `serial`. */
  dismissUpTo(group: GroupKey, serial: number): void {
    const key = group.join('\n');
    const found = this.#groups.get(key);
    if (found !== undefined && found.serial <= serial) this.#dismissed.add(key);
  }

  severities(now: Millis): Readonly<Record<Severity, number>> {
    const counts = { warning: 0, high: 0, critical: 0 };
    for (const [key, group] of this.#groups) if (this.#isInView(key, group, now)) counts[group.latest.severity]++;
    return counts;
  }

  #isInView(key: string, { lastSeen, latest }: FindingGroup, now: Millis): boolean {
    return lastSeen > now - ACTIVE_FOR && !this.#dismissed.has(key) && !this.#isHidden(latest);
  }
}

const keyOf = ({ check, subject }: Finding): string => [check, subject.kind, subject.value].join('\n');

const groupOf = (finding: Finding, serial: number): FindingGroup => ({
  latest: finding,
  serial,
  firstSeen: finding.firstAt,
  lastSeen: finding.at,
  findings: 1,
});

/** Findings of several sources arrive out of order: `latest` is the one latest by event time. */
const merged = (older: FindingGroup, newer: FindingGroup): FindingGroup => ({
  latest: newer.latest.at >= older.latest.at ? newer.latest : older.latest,
  serial: Math.max(older.serial, newer.serial),
  firstSeen: Math.min(older.firstSeen, newer.firstSeen) as Millis,
  lastSeen: Math.max(older.lastSeen, newer.lastSeen) as Millis,
  findings: older.findings + newer.findings,
});
