import type { FindingId } from '../../core/base/ids.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { fail, messageOf, type Result } from '../../core/base/result.ts';
import type { Finding, NumberedFinding } from '../../core/detect/finding.ts';
import { ACTIVE_FOR, type ActiveFindings } from './active-findings.ts';

/** Findings on disk. */
export interface FindingRecords {
  /** Highest serial first. */
  newestFirst(): AsyncIterable<NumberedFinding>;
  /** Behind a serial, lowest first. */
  after(serial: number, limit: number): AsyncIterable<NumberedFinding>;
  /** Numbers and keeps them; one that is there already keeps its number and is not `added`. In the order given. */
  append(
    findings: readonly Finding[],
  ): Promise<Result<readonly { readonly serial: number; readonly added: boolean }[], string>>;
}

export interface RecorderDeps {
  readonly records: FindingRecords;
  readonly active: ActiveFindings;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each new finding, in the order of serials; 0 for one that could not be kept. */
  readonly publish: (finding: Finding, serial: number) => void;
  /** Acts on findings; `again` marks those that were recorded before a crash. */
  readonly respond: (findings: readonly { readonly finding: Finding; readonly again: boolean }[]) => Promise<void>;
}

/** Ids remembered to tell a re-fed finding from a new one; the gap between two checkpoints holds far fewer. */
const REMEMBERED = 16_384;

/**
 * Has findings acted upon, numbers and keeps them, tells them on. A finding that was kept before is only acted upon
 * again, in case the crash came between the two.
 */
export class FindingRecorder {
  readonly #deps: RecorderDeps;
  readonly #known = new Set<FindingId>();
  #count = 0;
  #kept: Promise<void> = Promise.resolve();

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
  }

  /** Findings kept so far, over all runs. */
  get count(): number {
    return this.#count;
  }

  async load(): Promise<void> {
    const { records, active, clock } = this.#deps;
    const recent: NumberedFinding[] = [];
    let newest: number | undefined;
    for await (const row of records.newestFirst()) {
      // Not at the end: what is recorded meanwhile counts on from here.
      if (newest === undefined) this.#count = row.serial;
      newest ??= row.serial;
      if (recent.length >= REMEMBERED && row.finding.at <= clock.now() - ACTIVE_FOR) break;
      recent.push(row);
    }
    if (newest === undefined) this.#count = 0;
    for (const { finding, serial } of recent.reverse()) {
      this.#remember(finding.id);
      active.add(finding, serial);
    }
  }

  /** Kept findings behind a serial, lowest first. Rejects when they cannot be read. */
  async after(serial: number, limit: number): Promise<readonly NumberedFinding[]> {
    const page: NumberedFinding[] = [];
    for await (const row of this.#deps.records.after(serial, limit)) page.push(row);
    return page;
  }

  /** Resolves when all were acted upon, which does not wait for the disk; `flushed()` tells when they are kept. */
  async record(findings: readonly Finding[]): Promise<void> {
    if (findings.length === 0) return;
    const rows = findings.map((finding) => ({ finding, again: this.#known.has(finding.id) }));
    for (const { id } of findings) this.#remember(id);
    const acted = this.#deps.respond(rows);
    this.#kept = this.#kept.then(() => this.#keep(rows.flatMap(({ finding, again }) => (again ? [] : [finding]))));
    await acted;
  }

  /** Resolves when everything recorded so far was handed to the disk. */
  async flushed(): Promise<void> {
    await this.#kept;
  }

  async #keep(fresh: readonly Finding[]): Promise<void> {
    if (fresh.length === 0) return;
    const { records, active, publish, log } = this.#deps;
    const kept = await records.append(fresh).catch((cause: unknown) => fail('lost', messageOf(cause)));
    if (!kept.ok) log('error', 'findings could not be kept', { count: fresh.length, error: kept.public });
    for (const [i, finding] of fresh.entries()) {
      const { serial, added } = (kept.ok ? kept.value[i] : undefined) ?? { serial: 0, added: true };
      if (!added) continue;
      this.#count = Math.max(this.#count, serial);
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
