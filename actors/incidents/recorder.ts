import type { FindingId } from '../../core/base/ids.ts';
import type { Log } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { ActiveFindings } from './active-findings.ts';

export interface NumberedFinding {
  readonly finding: Finding;
  readonly serial: number;
}

/** Findings on disk. */
export interface FindingRecords {
  /** Highest serial first. */
  newestFirst(): AsyncIterable<NumberedFinding>;
  /** Numbers and keeps them; one that is there already keeps its number and is not `added`. In the order given. */
  append(
    findings: readonly Finding[],
  ): Promise<Result<readonly { readonly serial: number; readonly added: boolean }[], string>>;
}

export interface RecorderDeps {
  readonly records: FindingRecords;
  readonly active: ActiveFindings;
  readonly log: Log;
  /** Told of each new finding when it is kept, in the order of serials. */
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
  /** In order; what the store did not take is first in line for the next try. */
  #unkept: Finding[] = [];
  #kept: Promise<void> = Promise.resolve();
  #acting: Promise<unknown> = Promise.resolve();

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
  }

  /** Findings kept so far, over all runs. */
  get count(): number {
    return this.#count;
  }

  /** The newest findings only: a start must not grow with the history. */
  async load(): Promise<void> {
    const { records, active } = this.#deps;
    const recent: NumberedFinding[] = [];
    for await (const row of records.newestFirst()) {
      this.#count = Math.max(this.#count, row.serial);
      recent.push(row);
      if (recent.length >= REMEMBERED) break;
    }
    for (const { finding, serial } of recent.reverse()) {
      this.#remember(finding.id);
      active.add(finding, serial);
    }
  }

  /** Resolves when all were acted upon, which does not wait for the disk. */
  async record(findings: readonly Finding[]): Promise<void> {
    if (findings.length === 0) return;
    const rows = findings.map((finding) => ({ finding, again: this.#known.has(finding.id) }));
    for (const { id } of findings) this.#remember(id);
    const acted = this.#deps.respond(rows);
    this.#acting = Promise.allSettled([this.#acting, acted]);
    this.#unkept.push(...rows.flatMap(({ finding, again }) => (again ? [] : [finding])));
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
    for (const [i, finding] of fresh.entries()) {
      const { serial, added } = kept.value[i] ?? { serial: 0, added: false };
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
