/**
 * What the checks must find, worked out the slow way: every event against a plain list of what counted before, one rule
 * and one key at a time. Written from the text of `docs/checks.md` and shares nothing with `core/detect` but types and
 * the lists of words, so that both can only be wrong alike by being wrong twice.
 */
import type { Finding } from '../../../core/detect/finding.ts';
import { type Event, PROVENANCES, type Provenance } from '../../../core/event/event.ts';

/** What is compared: all of a finding that does not follow from the rest. */
export type Verdict = Pick<
  Finding,
  'check' | 'severity' | 'subject' | 'at' | 'firstAt' | 'count' | 'first' | 'last' | 'provenance'
>;

/** One check, as said in prose. Times in milliseconds. */
export interface Rule {
  readonly check: string;
  readonly severity: Finding['severity'];
  readonly threshold: number;
  readonly window: number;
  readonly measure: 'events' | 'values' | 'each';
  /** A value that came more often does not count. */
  readonly triesAtMost?: number;
  readonly counts: (event: Event) => boolean;
  /** Given where other events complete the finding than those that count. */
  readonly completes?: (event: Event) => boolean;
  readonly keyOf: (event: Event) => string | undefined;
  readonly valueOf: (event: Event) => string | undefined;
  /** Does not count beside another of the same connection, and once only. */
  readonly isOnce: (event: Event) => boolean;
  readonly subject: (event: Event) => Finding['subject'];
}

interface State {
  /** Oldest first; equal times in the order of coming. */
  set: Event[];
  quietUntil: number;
}

/** In the order of the events; of one event, in the order of the rules. */
export function evaluate(events: readonly Event[], rules: readonly Rule[]): readonly Verdict[] {
  const states = new Map<string, State>();
  return events.flatMap((event) =>
    rules.flatMap((rule): Verdict[] => {
      const key = rule.keyOf(event);
      if (key === undefined) return [];
      const name = `${rule.check} ${key}`;
      const state = states.get(name) ?? { set: [], quietUntil: 0 };
      states.set(name, state);
      const found = judge(rule, state, event);
      return found === undefined ? [] : [found];
    }),
  );
}

function judge(rule: Rule, state: State, event: Event): Verdict | undefined {
  if (event.at < state.quietUntil) return undefined;
  if (rule.completes?.(event)) {
    const before = state.set.filter(({ at }) => at <= event.at && event.at - at < rule.window);
    if (sum(rule, before) < rule.threshold) return undefined;
    state.set = [];
    return verdict(rule, event, before, sum(rule, before));
  }
  if (!rule.counts(event) || (rule.measure === 'values' && rule.valueOf(event) === undefined)) return undefined;
  const newest = Math.max(event.at, ...state.set.map(({ at }) => at));
  if (newest - event.at >= rule.window && rule.measure !== 'each') return undefined;
  const window = rule.measure === 'each' ? [] : state.set.filter(({ at }) => newest - at < rule.window);
  if (rule.isOnce(event) && window.some((other) => isSameConnection(other, event))) return undefined;
  const place = window.findLastIndex(({ at }) => at <= event.at) + 1;
  state.set = kept(rule, window.toSpliced(place, 0, event));
  const counted = countedOf(rule, state.set);
  const count = rule.measure === 'values' ? new Set(counted.map(rule.valueOf)).size : sum(rule, counted);
  if (rule.completes !== undefined || count < rule.threshold) return undefined;
  const latest = Math.max(...counted.map(({ at }) => at));
  if (rule.window > 0) state.quietUntil = latest + rule.window;
  state.set = [];
  return verdict(rule, event, counted, count);
}

/** What of a window is remembered. */
function kept(rule: Rule, window: readonly Event[]): Event[] {
  const newestFirst = window.toReversed();
  if (rule.completes !== undefined) {
    return newestFirst.filter((_, i) => sum(rule, newestFirst.slice(0, i)) < rule.threshold).toReversed();
  }
  if (rule.measure !== 'values') return [...window];
  const limit = rule.triesAtMost;
  const stays: Event[] = [];
  for (const event of newestFirst) {
    const same = stays.filter((other) => rule.valueOf(other) === rule.valueOf(event));
    if (limit === undefined ? same.length > 0 : sum(rule, same) > limit || stays.length === 4 * rule.threshold)
      continue;
    stays.push(event);
  }
  return stays.toReversed();
}

/** What of it counts. */
function countedOf(rule: Rule, set: readonly Event[]): readonly Event[] {
  const limit = rule.triesAtMost;
  if (limit === undefined) return set;
  return set.filter((event) => {
    const same = set.filter((other) => rule.valueOf(other) === rule.valueOf(event));
    return sum(rule, same) <= limit;
  });
}

function verdict(rule: Rule, event: Event, counted: readonly Event[], count: number): Verdict {
  const first = counted[0] ?? event;
  return {
    check: rule.check,
    severity: rule.severity,
    subject: rule.subject(event),
    at: event.at,
    firstAt: first.at,
    count,
    first: first.position,
    last: event.position,
    provenance: worst([...counted, event]),
  };
}

const sum = (rule: Rule, events: readonly Event[]): number =>
  events.reduce((total, event) => total + (rule.isOnce(event) ? 1 : (event.repeats ?? 1)), 0);

const worst = (events: readonly Event[]): Provenance =>
  PROVENANCES[Math.max(...events.map(({ provenance }) => PROVENANCES.indexOf(provenance)))] ?? 'spoofable';

const isSameConnection = (a: Event, b: Event): boolean =>
  a.sourceIp === b.sourceIp && (a.sourcePort ?? 0) === (b.sourcePort ?? 0);
