import type { FindingId } from '../../core/base/ids.ts';
import type { Log } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { HistoryRow } from '../../core/incident/history.ts';
import type { Suppressing } from '../../core/incident/suppression.ts';
import type { ActiveFindings } from './active-findings.ts';

/** Findings on disk. */
export interface FindingRecords {
  /** Highest serial first. */
  newestFirst(): AsyncIterable<HistoryRow>;
  /** Behind a serial, lowest first. */
  after(serial: number): AsyncIterable<HistoryRow>;
  /** Numbers and keeps them; one that is there already keeps its number and is not `added`. In the order given. */
  append(
    findings: readonly MarkedFinding[],
  ): Promise<Result<readonly { readonly serial: number; readonly added: boolean }[], string>>;
}

/** A finding, and the id of the suppression that matched it. */
export type MarkedFinding = Omit<HistoryRow, 'serial'>;

export interface RecorderDeps {
  readonly records: FindingRecords;
  readonly active: Pick<ActiveFindings, 'add' | 'takeUp'>;
  /** How many findings in view have happened since when, which a start takes up again. */
  readonly recent: () => { readonly since: Millis; readonly count: number };
  readonly log: Log;
  readonly suppressing: Suppressing;
  /** Told of each new finding in view when it is kept, in the order of serials. */
  readonly publish: (finding: Finding, serial: number) => void;
  /** Told before a finding that gets a serial which another one had: the store has lost that one, and numbers anew. */
  readonly renumbered: (after: number) => void;
  /** Acts on findings; `again` marks those that were recorded before a crash. */
  readonly respond: (findings: readonly { readonly finding: Finding; readonly again: boolean }[]) => Promise<void>;
}

/** Ids remembered to tell a re-fed finding from a new one; the gap between two checkpoints holds far fewer. */
const REMEMBERED = 16_384;
/** Findings that a start looks at, whatever there is: about half a second's worth. */
const FURTHEST = 100_000;

/**
 * Has findings acted upon, numbers and keeps them, tells them on. A finding that was kept before is only acted upon
 * again, in case the crash came between the two. A suppressed one is marked and kept, and nothing else is done about it.
 */
export class FindingRecorder {
  readonly #deps: RecorderDeps;
  readonly #known = new Set<FindingId>();
  #count = 0;
  /** In order; what the store did not take is first in line for the next try. */
  #unkept: MarkedFinding[] = [];
  #kept: Promise<void> = Promise.resolve();
  #acting: Promise<unknown> = Promise.resolve();

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
  }

  /** Findings kept so far, over all runs. */
  get count(): number {
    return this.#count;
  }

  /**
   * Takes up the findings that are recent, and as many as are remembered; of more than `FURTHEST` the newest, since a
   * start must not grow with the history.
   */
  async load(): Promise<void> {
    const { records, active, recent } = this.#deps;
    const { since, count } = recent();
    const taking = active.takeUp();
    const ids: FindingId[] = [];
    let looked = 0;
    let taken = 0;
    for await (const { finding, serial, suppressedBy } of records.newestFirst()) {
      // Not at the end: what is recorded meanwhile counts on from here.
      if (looked++ === 0) this.#count = serial;
      if (ids.length < REMEMBERED) ids.push(finding.id);
      if (suppressedBy === undefined) {
        taking.older(finding, serial);
        if (finding.at >= since) taken++;
      }
      if (looked >= FURTHEST || (looked >= REMEMBERED && taken >= count)) break;
    }
    if (looked === 0) this.#count = 0;
    taking.done();
    for (const id of ids.reverse()) this.#remember(id);
  }

  /** Kept findings behind a serial, lowest first. Rejects when they cannot be read. */
  async after(serial: number, limit: number): Promise<readonly HistoryRow[]> {
    const page: HistoryRow[] = [];
    if (limit <= 0) return page;
    for await (const row of this.#deps.records.after(serial)) if (page.push(row) >= limit) break;
    return page;
  }

  /** Resolves when all were acted upon, which does not wait for the disk; `flushed()` tells when they are kept. */
  async record(findings: readonly Finding[]): Promise<void> {
    if (findings.length === 0) return;
    const answered: { readonly finding: Finding; readonly again: boolean }[] = [];
    const fresh: MarkedFinding[] = [];
    for (const finding of findings) {
      const marked = this.#marked(finding);
      const again = this.#known.has(finding.id);
      if (marked.suppressedBy === undefined) answered.push({ finding, again });
      if (!again) fresh.push(marked);
    }
    for (const { id } of findings) this.#remember(id);
    const acted = this.#deps.respond(answered);
    this.#acting = Promise.allSettled([this.#acting, acted]);
    this.#unkept.push(...fresh);
    this.#kept = this.#kept.then(() => this.#keep());
    await acted;
  }

  /**
   * Resolves when everything recorded so far was acted upon and is kept: then the lines it was made of need not be read
   * again. `unkept`: the store took it not even into memory.
   */
  async flushed(): Promise<Result<void, 'unkept'>> {
    await this.#acting;
    this.#kept = this.#kept.then(() => this.#keep());
    await this.#kept;
    return this.#unkept.length === 0
      ? ok(undefined)
      : fail('unkept', `${this.#unkept.length} findings are not kept yet`);
  }

  /** Id of the suppression that would hide a finding. */
  suppressionOf(finding: Finding): string | undefined {
    return this.#deps.suppressing(finding)?.id;
  }

  #marked(finding: Finding): MarkedFinding {
    const by = this.suppressionOf(finding);
    return by === undefined ? { finding } : { finding, suppressedBy: by };
  }

  async #keep(): Promise<void> {
    const fresh = this.#unkept;
    if (fresh.length === 0) return;
    this.#unkept = [];
    const { records, active, publish, log } = this.#deps;
    const kept = await records.append(fresh).catch((cause: unknown) => fail('lost', messageOf(cause)));
    if (!kept.ok) {
      log('error', 'findings could not be kept; tried again', { count: fresh.length, error: kept.public });
      this.#unkept = [...fresh, ...this.#unkept];
      return;
    }
    for (const [i, { finding, suppressedBy }] of fresh.entries()) {
      const { serial, added } = kept.value[i] ?? { serial: 0, added: false };
      if (!added) continue;
      if (serial <= this.#count) this.#deps.renumbered(serial - 1);
      this.#count = serial;
      if (suppressedBy !== undefined) continue;
      active.add(finding, serial);
      publish(finding, serial);
    }
  }

  #remember(id: FindingId): void {
    this.#known.add(id);
    if (this.#known.size <= REMEMBERED) return;
    const oldest = this.#known.values().next();
    if (!oldest.done) this.#known.delete(oldest.value);
  }
}
