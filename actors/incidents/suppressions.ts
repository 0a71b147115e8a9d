import { bytesToHex } from '@noble/hashes/utils.js';
import type { SuppressRefusal, SuppressRequest } from '../../core/api/dispositions.ts';
import { parsePathPattern } from '../../core/base/path-pattern.ts';
import type { Clock, Random } from '../../core/base/ports.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { Turns } from '../../core/base/turns.ts';
import type { Finding } from '../../core/detect/finding.ts';
import { type Suppressing, type Suppression, suppressing } from '../../core/incident/suppression.ts';
import { suppressions } from '../../core/keys/records.ts';
import type { Records } from '../store/index.ts';

/** Every finding is held against those of its check. */
const MOST = 1000;
const ID_BYTES = 8;

export interface SuppressionsDeps {
  readonly records: Records;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  readonly most?: number;
}

/** The suppressions in force: on disk first, then in memory. */
export class Suppressions {
  readonly #deps: SuppressionsDeps;
  /** One change at a time: each looks at what there is, then waits for the disk. */
  readonly #turns = new Turns();
  #rules: readonly Suppression[] = [];
  #matching: Suppressing = () => undefined;

  constructor(deps: SuppressionsDeps) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    const stored: Suppression[] = [];
    for await (const [, rule] of this.#deps.records.list(suppressions, [])) stored.push(rule);
    this.#use(stored.sort((a, b) => a.at - b.at));
  }

  /** Oldest first. */
  list(): readonly Suppression[] {
    return this.#rules;
  }

  matching(finding: Finding): Suppression | undefined {
    return this.#matching(finding);
  }

  add(request: SuppressRequest): Promise<Result<Suppression, SuppressRefusal>> {
    return this.#turns.run(() => this.#add(request));
  }

  remove(id: string): Promise<Result<void, 'failed'>> {
    return this.#turns.run(() => this.#remove(id));
  }

  async #add({ check, pathPattern, reason, actor }: SuppressRequest): Promise<Result<Suppression, SuppressRefusal>> {
    const pattern = pathPattern === undefined ? ok(undefined) : parsePathPattern(pathPattern);
    if (!pattern.ok) return pattern;
    const same = this.#rules.find((rule) => rule.check === check && rule.pathPattern === pathPattern);
    if (same !== undefined) return ok(same);
    const { records, clock, random, most = MOST } = this.#deps;
    if (this.#rules.length >= most) return fail('full', `there are ${most} suppressions already; delete some first`);
    const rule: Suppression = {
      id: bytesToHex(random.bytes(ID_BYTES)),
      check,
      ...(pathPattern === undefined ? {} : { pathPattern }),
      reason,
      at: clock.now(),
      actor,
    };
    const saved = await records.write((writes) => writes.put(suppressions, [rule.id], rule), { sync: true });
    if (!saved.ok) return fail('failed', `the suppression could not be kept: ${saved.public}`);
    this.#use([...this.#rules, rule]);
    return ok(rule);
  }

  async #remove(id: string): Promise<Result<void, 'failed'>> {
    const deleted = await this.#deps.records.write((writes) => writes.delete(suppressions, [id]), { sync: true });
    if (!deleted.ok) return fail('failed', `the suppression could not be deleted: ${deleted.public}`);
    this.#use(this.#rules.filter((rule) => rule.id !== id));
    return ok(undefined);
  }

  #use(rules: readonly Suppression[]): void {
    this.#rules = rules;
    this.#matching = suppressing(rules);
  }
}
