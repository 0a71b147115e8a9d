import type { Ip } from '../../base/ip.ts';
import type { Event } from '../../event/event.ts';
import { type Detector, NO_FINDINGS, type StateChange } from '../detector.ts';
import { displayName } from '../display.ts';
import type { Finding } from '../finding.ts';
import type { SourceGroups } from '../trail/keys.ts';
import type { AgentLists } from '../web/agents.ts';
import { Accounts, LONGEST_TEXT } from './accounts.ts';
import { findingOf } from './finding-of.ts';
import type { SlidingCheck, SlidingSettings, Stream } from './sliding-check.ts';
import { type Completed, type OpenWindows, type Windows, windowCheck } from './windows.ts';

export interface SlidingOptions {
  readonly groups: SourceGroups;
  readonly agents: AgentLists;
  /** See `KeyIndex`. */
  readonly salt: number;
  readonly windows: OpenWindows;
}

/**
 * Counts events in sliding windows, for all the checks of a stream.
 *
 * For each check and key there is a set of sightings, empty at first, and a moment until which the key is quiet. An event
 * with a key (and, where different values are counted, a value) that has one of the traits in `counts` is taken so:
 *
 * 1. **Silence.** When it happened before the quiet moment, it does not count.
 * 2. **Window.** With `newest` the latest event time in the set and of the event itself, the window is
 *    `(newest − window, newest]`: a sighting exactly one window older is not in it. An event before the window comes too
 *    late and does not count; other keys do not move the window, so a source whose lines lag is judged by its own time.
 *    An event that comes late but within the window takes its place by time, behind equals.
 * 3. **Connection.** An event with a trait in `oncePerConnection` does not count when the window holds an event of the
 *    same address and port; it counts once, whatever its line stands for.
 * 4. **Set.** What does not count changes nothing. Else the event joins the set, and what left the window leaves the set.
 *    Where values are counted, of each value the newest event stays; with `triesAtMost`, of each value the newest ones
 *    that together pass that number (or all), and of all of them the newest four times the threshold. Where other events
 *    complete the finding, the newest ones that together reach the threshold.
 * 5. **Measure.** `events`: the sum of what the lines stand for (`repeats`). `values`: how many different ones; with
 *    `triesAtMost` only those that came no more often.
 *
 * The event that brings the measure to the threshold completes a finding; with `completes`, an event of those traits
 * does, by what is in `(its time − window, its time]`. Then the set is empty again, and the key is quiet until one window
 * after the latest sighting (not where `completes` is given): an attack that goes on is found again when it then reaches
 * the threshold anew. A check without a threshold makes each event a finding, and is quiet for `window` after it.
 *
 * **The finding.** `at` and `last` are the completing event's, `first` and `firstAt` those of the earliest that counted,
 * `count` what was measured, `provenance` the least trustworthy among them. Subject is the address of the completing
 * event, which for IPv6 is the one of its network that was used last, or the user.
 */
export class SlidingDetector implements Detector {
  readonly name: string;
  readonly checks: Detector['checks'];
  readonly stream: Stream;
  /** Says what an event is to the checks. */
  readonly traits: (event: Event) => number;
  readonly windows: Windows;
  readonly #sliding: readonly SlidingCheck[];
  readonly #accounts = new Accounts();

  /** @param checks of `stream` */
  constructor(
    stream: Stream,
    checks: readonly (readonly [check: SlidingCheck, settings: SlidingSettings])[],
    { groups, agents, salt, windows }: SlidingOptions,
  ) {
    this.name = stream.name;
    this.#sliding = checks.map(([check]) => check);
    this.checks = this.#sliding.map(({ info }) => info);
    this.stream = stream;
    this.traits = stream.traits(agents);
    this.windows = windows({ stream, checks: checks.map(windowCheck), groups, salt });
  }

  wants(...kind: Parameters<Detector['wants']>): boolean {
    return this.stream.wants(...kind);
  }

  step(event: Event): readonly Finding[] {
    const traits = this.traits(event);
    if (traits === 0) return NO_FINDINGS;
    const key = this.stream.key === 'source' ? event.sourceIp : this.#accounts.of(event);
    return key === undefined ? NO_FINDINGS : this.findings(event, this.windows.step(event, traits, key));
  }

  /** What the event that completed them makes of them. */
  findings(event: Event, completed: readonly Completed[]): readonly Finding[] {
    return completed.length === 0 ? NO_FINDINGS : completed.map((one) => this.#findingOf(event, one));
  }

  snapshot(): readonly StateChange[] {
    return this.windows.snapshot();
  }

  restore(entries: Iterable<StateChange>): { readonly skipped: number } {
    return this.windows.restore(entries);
  }

  forget(ip: Ip): void {
    if (this.stream.key === 'source') this.windows.forget(ip);
  }

  bytes(): number {
    return this.windows.bytes();
  }

  evict(bytes: number): number {
    return this.windows.evict(bytes);
  }

  #findingOf(event: Event, { check, values, ...counted }: Completed): Finding {
    const sliding = this.#sliding[check] as SlidingCheck;
    const shown = values.map((value) => (typeof value === 'string' ? displayName(value) : String(value)));
    const subject = sliding.subject === 'ip' ? event.sourceIp : event.user?.slice(0, LONGEST_TEXT);
    return findingOf(sliding, subject ?? '', event, { ...counted, values: new Set(shown.reverse()) });
  }
}
