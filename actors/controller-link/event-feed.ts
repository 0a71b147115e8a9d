import type { EventSearch } from '../../core/api/event-search.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { type Millis, millis, minutes, seconds } from '../../core/base/time.ts';
import type { LinkSettings } from '../../core/config/controller-setting.ts';
import { isUnparsed, type KeptLine } from '../../core/event/kept.ts';
import type { WireEvent } from '../../core/link/stream.ts';
import { MAX_VALUES, type Node } from '../../core/query/tree.ts';
import type { Outbox } from './outbox.ts';

const EVERY: Millis = seconds(5);
/** Sources bring their lines with some delay: so far back a look ends. */
const BEHIND: Millis = seconds(10);
const PAGE = 1000;
/** Pages of one look: an appliance that sees more than the link can carry gives events up here already, and says so by a gap. */
const PAGES = 20;
const BUDGET: Millis = seconds(2);
/** How far back the events of a finding are looked for. */
const FURTHEST: Millis = minutes(60);

export interface EventFeedDeps {
  readonly search: EventSearch;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly wanted: () => LinkSettings['events'];
}

/** Whom findings were about, and from when on their events are of interest. */
interface Subject {
  readonly field: 'ip' | 'user';
  from: Millis;
}

/** Takes kept events into the outbox: all of them as they come, or those of whom findings are about. */
export class EventFeed {
  readonly #deps: EventFeedDeps;
  readonly #subjects = new Map<string, Subject>();
  /** Everything before this was looked at. */
  #reached: Millis;
  #cancel: (() => void) | undefined;
  #isRunning = false;
  #looking: Promise<void> | undefined;
  readonly #stopping = new AbortController();

  constructor(deps: EventFeedDeps) {
    this.#deps = deps;
    this.#reached = deps.clock.now();
  }

  start(): void {
    this.#isRunning = true;
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancel?.();
    this.#stopping.abort(new Error('the link is stopped'));
    await this.#looking;
  }

  /** A finding was made about somebody. */
  found(field: 'ip' | 'user', value: string, from: Millis): void {
    if (this.#deps.wanted() !== 'findings' || this.#subjects.size >= MAX_VALUES) return;
    const soonest = millis(Math.max(from, this.#deps.clock.now() - FURTHEST));
    const known = this.#subjects.get(value);
    if (known === undefined) this.#subjects.set(value, { field, from: soonest });
  }

  #schedule(): void {
    this.#cancel = this.#deps.clock.after(EVERY, () => {
      this.#looking = this.#look()
        .catch((cause: unknown) => {
          this.#deps.log('warn', 'events for the controller cannot be read', { error: messageOf(cause) });
        })
        .finally(() => {
          if (this.#isRunning) this.#schedule();
        });
    });
  }

  async #look(): Promise<void> {
    const to = millis(this.#deps.clock.now() - BEHIND);
    const wanted = this.#deps.wanted();
    if (wanted === 'all' && to > this.#reached) await this.#take({ op: 'all' }, this.#reached, to);
    if (wanted === 'findings') await this.#ofSubjects(to);
    this.#reached = to;
  }

  async #ofSubjects(to: Millis): Promise<void> {
    for (const field of ['ip', 'user'] as const) {
      const subjects = [...this.#subjects].filter(([, subject]) => subject.field === field && subject.from < to);
      if (subjects.length === 0) continue;
      const from = millis(Math.min(...subjects.map(([, subject]) => subject.from)));
      const node: Node = { op: 'in', field, values: subjects.map(([value]) => value) };
      await this.#take(node, from, to);
      for (const [value] of subjects) this.#subjects.delete(value);
    }
  }

  async #take(where: Node, from: Millis, to: Millis): Promise<void> {
    let after: string | undefined;
    let reached = from;
    for (let page = 0; page < PAGES; page++) {
      const query = {
        where,
        from,
        to,
        order: 'oldest' as const,
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      };
      const found = await this.#deps.search.page(query, { budget: BUDGET, signal: this.#stopping.signal });
      if (!found.ok) break;
      for (const { line } of found.value.rows) {
        const now = this.#deps.clock.now();
        reached = line.at;
        this.#deps.outbox.add('event', { kind: 'event', event: wireEvent(line) }, now);
      }
      await this.#deps.outbox.settled();
      after = found.value.next;
      if (after === undefined) return;
    }
    // How many there were nobody has counted.
    if (this.#isRunning) this.#deps.outbox.skip('event', { count: 1, reason: 'lost', oldestAt: reached, newestAt: to });
  }
}

/** A kept line as it is sent: what was read in it by name. */
export function wireEvent(line: KeptLine): WireEvent {
  const { at, position, provenance, program = '', message } = line;
  const head = { at, source: position.source, program, message: message ?? '', provenance };
  if (isUnparsed(line)) return { ...head, action: `unparsed:${line.unparsed}`, fields: {} };
  return { ...head, action: line.action, fields: fieldsOf(line) };
}

const HEAD = new Set(['at', 'position', 'provenance', 'program', 'message', 'action']);

const fieldsOf = (line: object): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(line).flatMap(([name, value]): (readonly [string, string])[] => {
      if (HEAD.has(name) || value === undefined || value === null) return [];
      return [[name, typeof value === 'object' ? JSON.stringify(value) : String(value)]];
    }),
  );
