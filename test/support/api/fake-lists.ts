import type { CoveringList, ListStatus, Lists } from '../../../core/api/lists.ts';
import { fail, ok } from '../../../core/base/result.ts';
import { START } from './fake-appliance.ts';

const NONE = { addresses: 0, networks: 0 };

export const LIST: ListStatus = {
  name: 'drop',
  kind: 'block',
  mode: 'enforce',
  origin: 'settings',
  source: 'https://lists.example.net/drop.txt',
  state: 'held',
  entries: { 4: { addresses: 3, networks: 900 }, 6: NONE },
  generation: 7,
  fetchedAt: START,
  checkedAt: START,
  nextRefresh: START,
  lastError: 'lists.example.net answers with status 500',
  inKernel: true,
  bad: 1,
  wide: 2,
  protected: 3,
  held: { why: 'it is empty and 903 entries are in force', entries: { 4: NONE, 6: NONE }, at: START },
  packets: 12,
  bytes: 720,
};

/** One list, whose news are held until they are accepted. */
export class FakeLists implements Lists {
  rows: readonly ListStatus[] = [LIST];
  refusal: string | undefined;

  async list() {
    return this.rows;
  }

  async refresh(name: string): ReturnType<Lists['refresh']> {
    const row = this.rows.find((one) => one.name === name);
    if (row === undefined) return fail('not_found', `there is no list "${name}"`);
    return this.refusal === undefined ? ok(row) : fail('failed', this.refusal);
  }

  async accept(name: string): ReturnType<Lists['accept']> {
    const row = this.rows.find((one) => one.name === name);
    if (row === undefined) return fail('not_found', `there is no list "${name}"`);
    const { held, ...rest } = row;
    if (held === undefined) return fail('conflict', `nothing of the list ${name} waits for a word`);
    const accepted: ListStatus = { ...rest, state: 'current', entries: held.entries };
    this.rows = [accepted];
    return ok(accepted);
  }

  /** The lists that hold any address. */
  holds: readonly CoveringList[] = [];

  covering() {
    return this.holds;
  }
}
