import type { Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { Turns } from '../../core/base/turns.ts';
import type { Change, ChangeId } from '../../core/change/change.ts';
import { changes } from '../../core/keys/records.ts';
import type { Records } from '../store/index.ts';
import type { TrialFolder } from './folder.ts';

/** Changes kept; beyond that the oldest go. */
export const HISTORY_KEPT = 500;

export interface HistoryDeps {
  readonly records: Records;
  readonly folder: TrialFolder;
  readonly log: Log;
}

/** Changes that ended, newest first, with their evidence. Their folders are what counts until the store has them. */
export class ChangeHistory {
  readonly #deps: HistoryDeps;
  readonly #turns = new Turns();
  /** Ended, and not in the store yet. */
  readonly #fresh = new Map<ChangeId, Change>();

  constructor(deps: HistoryDeps) {
    this.#deps = deps;
  }

  /** To be listed from now on; `take` brings it into the store. */
  note(change: Change): void {
    this.#fresh.set(change.id, change);
  }

  /**
   * Takes over what lies in `done/`, whoever put it there. What the store does not take stays there for the next time, and
   * is listed all the same. Never rejects.
   */
  take(): Promise<void> {
    return this.#turns.run(async () => {
      try {
        for (const id of await this.#deps.folder.done()) await this.#takeOne(id);
      } catch (thrown) {
        this.#deps.log('error', 'changes that ended could not be kept', { error: messageOf(thrown) });
      }
    });
  }

  async list(limit: number, before?: ChangeId): Promise<readonly Change[]> {
    const listed = new Map<ChangeId, Change>();
    const range = { reverse: true, limit, ...(before === undefined ? {} : { after: [before] as const }) };
    for await (const [, change] of this.#deps.records.list(changes, [], range)) listed.set(change.id, change);
    for (const [id, change] of this.#fresh) if (before === undefined || id < before) listed.set(id, change);
    return [...listed.values()].sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit);
  }

  async get(id: ChangeId): Promise<Change | undefined> {
    return this.#fresh.get(id) ?? (await this.#deps.records.get(changes, [id]));
  }

  async #takeOne(id: string): Promise<void> {
    const { folder, log } = this.#deps;
    const read = await folder.readDone(id);
    if (!read.ok) {
      // What a crash left of a folder that was being removed, and else damage.
      const known = await this.#deps.records.get(changes, [id]);
      if (known !== undefined) return await folder.forget(id);
      return log('error', 'a change that ended cannot be read', { id, error: read.public });
    }
    const change = read.value;
    this.note(change);
    if (!(await this.#keep(change))) return;
    this.#fresh.delete(change.id);
    await folder.forget(id);
  }

  /** @returns whether the store has it on disk */
  async #keep(change: Change): Promise<boolean> {
    const { records, log } = this.#deps;
    const keys: string[] = [];
    for await (const [[id]] of records.list(changes, [], { reverse: true })) if (id !== change.id) keys.push(id);
    const kept = await records.write(
      async (writes) => {
        await writes.put(changes, [change.id], change);
        for (const old of keys.slice(HISTORY_KEPT - 1)) await writes.delete(changes, [old]);
      },
      { sync: true },
    );
    if (!kept.ok) log('error', 'a change that ended could not be kept', { id: change.id, error: kept.public });
    return kept.ok;
  }
}
