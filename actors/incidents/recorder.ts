import type { FindingId } from '../../core/base/ids.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import type { Result } from '../../core/base/result.ts';
import type { Finding } from '../../core/detect/finding.ts';
import { ACTIVE_FOR, type ActiveFindings } from './active-findings.ts';

export interface NumberedFinding {
  readonly finding: Finding;
  readonly serial: number;
}

/** Findings on disk. */
export interface FindingRecords {
  /** Highest serial first. */
  newestFirst(): AsyncIterable<NumberedFinding>;
  save(findings: readonly NumberedFinding[]): Promise<Result<void, string>>;
}

export interface RecorderDeps {
  readonly records: FindingRecords;
  readonly active: ActiveFindings;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each new finding, in order, before it is on disk. */
  readonly publish: (finding: Finding, serial: number) => void;
  /** Acts on findings; `again` marks those that were recorded before a crash. */
  readonly respond: (findings: readonly { readonly finding: Finding; readonly again: boolean }[]) => Promise<void>;
}

/** Ids remembered to tell a re-fed finding from a new one; the gap between two checkpoints holds far fewer. */
const REMEMBERED = 16_384;

/**
 * Numbers findings, tells them on, has them acted upon and writes them down. A finding that was recorded before is only
 * acted upon again, in case the crash came between record and act.
 */
export class FindingRecorder {
  readonly #deps: RecorderDeps;
  readonly #known = new Set<FindingId>();
  #nextSerial = 1;
  #written: Promise<unknown> = Promise.resolve();

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
  }

  /** Findings recorded so far, over all runs. */
  get count(): number {
    return this.#nextSerial - 1;
  }

  async load(): Promise<void> {
    const { records, active, clock } = this.#deps;
    const recent: NumberedFinding[] = [];
    for await (const row of records.newestFirst()) {
      this.#nextSerial = Math.max(this.#nextSerial, row.serial + 1);
      if (recent.length >= REMEMBERED && row.finding.at <= clock.now() - ACTIVE_FOR) break;
      recent.push(row);
    }
    for (const { finding, serial } of recent.reverse()) {
      this.#remember(finding.id);
      active.add(finding, serial);
    }
  }

  /** Resolves when all were acted upon; `flushed()` tells when they are on disk. */
  async record(findings: readonly Finding[]): Promise<void> {
    if (findings.length === 0) return;
    const { active, log, publish, records, respond } = this.#deps;
    const rows = findings.map((finding) => ({ finding, again: this.#known.has(finding.id) }));
    const fresh = rows.flatMap(({ finding, again }) => (again ? [] : [{ finding, serial: this.#nextSerial++ }]));
    for (const { finding } of fresh) this.#remember(finding.id);
    const acted = respond(rows);
    for (const { finding, serial } of fresh) {
      active.add(finding, serial);
      publish(finding, serial);
    }
    if (fresh.length > 0) {
      this.#written = this.#written.then(async () => {
        const saved = await records.save(fresh);
        if (!saved.ok) log('error', 'findings are not on disk', { count: fresh.length, error: saved.public });
      });
    }
    await acted;
  }

  /** Resolves when everything recorded so far was handed to the disk. */
  async flushed(): Promise<void> {
    await this.#written;
  }

  #remember(id: FindingId): void {
    this.#known.add(id);
    if (this.#known.size <= REMEMBERED) return;
    const oldest = this.#known.values().next();
    if (!oldest.done) this.#known.delete(oldest.value);
  }
}
