import {
  type Applied,
  type ChangeDisk,
  type Holds,
  isBack,
  type Prepared,
  type Probe,
  putBack,
  type Snapshot,
  type Subject,
  type Trial,
  writeWhole,
} from '../../../actors/change/index.ts';
import { sha256Hex } from '../../../core/base/ids.ts';
import { fail, messageOf, ok, type Result } from '../../../core/base/result.ts';
import { type Millis, seconds } from '../../../core/base/time.ts';
import type { Change, Evidence, Spans } from '../../../core/change/change.ts';
import type { NftOp, NftPort, TableDeclaration } from '../../../native/nft/index.ts';

/** What is denied, in a file; the kernel follows it. */
export const RULES = '/etc/edge/denied';
/** What the kernel is loaded with at boot. */
export const CONFIRMED = '/var/lib/edge/firewall/confirmed';

const TABLE = 'edge';
/** `denied`: as confirmed. `trial`: elements fall out by themselves when the time of the trial is over. */
export const TABLE_DECLARATION: TableDeclaration = {
  name: TABLE,
  sets: [
    { name: 'denied', family: 4, interval: false, timeout: false },
    { name: 'trial', family: 4, interval: false, timeout: true },
  ],
  chains: [
    {
      name: 'guard',
      hook: 'prerouting',
      priority: -190,
      rules: [
        { when: [{ match: 'saddr', set: 'trial' }], verdict: 'drop' },
        { when: [{ match: 'saddr', set: 'denied' }], verdict: 'drop' },
      ],
    },
  ],
};

/** What to change it to. */
export interface Proposal {
  readonly deny: readonly string[];
  readonly spans?: Spans;
}

type Step = 'prepare' | 'apply' | 'resume' | 'confirm' | 'revert' | 'look';

/** How a step goes wrong. `half`: in the midst of it, between file and kernel. `lies`: of a look, says the opposite. */
export type Fault = 'fails' | 'half' | 'hangs' | 'lies';

/** Faults and probes of a subject, which outlive its processes. */
export class Script {
  /** By step, what happens at its next calls, in order. */
  readonly faults: Partial<Record<Step, Fault[]>> = {};
  probes: Readonly<Record<string, (round: number) => Evidence['result'] | 'hangs' | 'throws'>> = {};
  /** Rounds by probe. */
  readonly rounds = new Map<string, number>();
  readonly calls: string[] = [];

  next(step: Step): Fault | undefined {
    this.calls.push(step);
    return this.faults[step]?.shift();
  }
}

export const hashOf = (text: string): string => `sha256:${sha256Hex(Buffer.from(text))}`;
export const textOf = (deny: readonly string[]): string => deny.map((address) => `${address}\n`).join('');
const listOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** A file and the kernel rules that follow from it, as the settings of a firewall are. */
export class FakeSubject implements Subject<string> {
  readonly name = 'fake';
  readonly #disk: ChangeDisk;
  readonly #nft: NftPort;
  readonly #script: Script;

  constructor(disk: ChangeDisk, nft: NftPort, script: Script) {
    this.#disk = disk;
    this.#nft = nft;
    this.#script = script;
  }

  async prepare(proposal: unknown): Promise<Result<Prepared<string>, 'invalid' | 'stale' | 'failed'>> {
    if (this.#script.next('prepare') === 'fails') return fail('failed', 'prepare fails for the test');
    const { deny, spans = 'nothing' } = proposal as Proposal;
    if (deny.includes('127.0.0.1')) return fail('invalid', 'loopback cannot be denied');
    const content = await this.#disk.read(RULES);
    const attributes = (await this.#disk.attributes(RULES)) ?? { mode: 0o640, uid: 0, gid: 0 };
    const before = content === undefined ? '' : Buffer.from(content).toString();
    return ok({
      plan: textOf(deny),
      summary: `deny ${deny.join(' ')}`,
      parts: ['denied'],
      before: hashOf(before),
      after: hashOf(textOf(deny)),
      spans,
      snapshot: { files: [{ path: RULES, content, ...attributes }], ruleset: before },
    });
  }

  apply(plan: string, trial: Trial): Promise<Result<Applied, 'failed'>> {
    return this.#attempt('apply', async (half) => {
      await writeWhole(this.#disk, RULES, Buffer.from(plan), { mode: 0o640, uid: 0, gid: 0 });
      half();
      await this.#guard(plan, trial.left());
      return { takesEffect: 'now' };
    });
  }

  resume(change: Change, trial: Trial, snapshot: Snapshot): Promise<Result<void, 'failed'>> {
    return this.#attempt('resume', async (half) => {
      const text = await this.#text();
      if (hashOf(text) !== change.after) throw new Error(`${RULES} is not what the change made`);
      half();
      await this.#load(snapshot.ruleset ?? '');
      await this.#guard(text, trial.left());
    });
  }

  confirm(change: Change): Promise<Result<void, 'failed'>> {
    return this.#attempt('confirm', async (half) => {
      const text = await this.#text();
      if (hashOf(text) !== change.after) throw new Error(`${RULES} is not what the change made`);
      await this.#load(text);
      half();
      await this.#keepConfirmed(text);
    });
  }

  revert(change: Change, snapshot: Snapshot): Promise<Result<Applied, 'failed'>> {
    return this.#attempt('revert', async (half) => {
      const isOurs = (_: string, bytes: Uint8Array): boolean => hashOf(Buffer.from(bytes).toString()) === change.after;
      await putBack(snapshot, { disk: this.#disk, id: change.id, isOurs });
      half();
      await this.#load(snapshot.ruleset ?? '');
      await this.#keepConfirmed(snapshot.ruleset ?? '');
      return { takesEffect: 'now' };
    });
  }

  async look(change: Change, snapshot: Snapshot): Promise<Result<Holds, 'failed'>> {
    const fault = this.#script.next('look');
    if (fault === 'fails') return fail('failed', 'look fails for the test');
    if (fault === 'hangs') return await new Promise<never>(() => {});
    const holds = await this.#holds(change, snapshot);
    return ok(fault !== 'lies' ? holds : holds === 'before' ? 'after' : 'before');
  }

  probes(): readonly Probe[] {
    const script = this.#script;
    return Object.entries(script.probes).map(([name, answer]) => ({
      name,
      timeout: seconds(2),
      run: async () => {
        const round = (script.rounds.get(name) ?? 0) + 1;
        script.rounds.set(name, round);
        const result = answer(round);
        if (result === 'hangs') return await new Promise<never>(() => {});
        if (result === 'throws') throw new Error('broken for the test');
        return { result, detail: `round ${round}` };
      },
    }));
  }

  async #attempt<V>(step: Step, work: (half: () => void) => Promise<V>): Promise<Result<V, 'failed'>> {
    const fault = this.#script.next(step);
    if (fault === 'hangs') return await new Promise<never>(() => {});
    const half = (): void => {
      if (fault === 'half') throw new Error(`${step} fails half-way for the test`);
    };
    try {
      if (fault === 'fails') throw new Error(`${step} fails for the test`);
      return ok(await work(half));
    } catch (thrown) {
      return fail('failed', messageOf(thrown));
    }
  }

  async #holds({ after }: Change, snapshot: Snapshot): Promise<Holds> {
    const text = await this.#text();
    const [denied, trial] = [await this.#list('denied'), await this.#list('trial')];
    const before = snapshot.ruleset ?? '';
    if ((await isBack(this.#disk, snapshot)) && denied === before && trial === '') return 'before';
    if (hashOf(text) !== after) return 'neither';
    return (denied === text && trial === '') || trial === text ? 'after' : 'neither';
  }

  async #text(): Promise<string> {
    return Buffer.from((await this.#disk.read(RULES)) ?? '').toString();
  }

  async #list(set: string): Promise<string> {
    const listed = await this.#nft.list(TABLE, set);
    return listed.ok ? textOf(listed.value.map(({ key }) => key).sort()) : 'unreadable';
  }

  /** Both rulesets at once, the new one for so long. */
  async #guard(text: string, left: Millis): Promise<void> {
    const add = listOf(text).map(
      (key): NftOp => ({ kind: 'add', set: 'trial', key, timeout: Math.max(1, left) as Millis }),
    );
    await this.#commit([{ kind: 'flush', set: 'trial' }, ...add]);
  }

  /** One transaction: these are the rules, and nothing is on trial. */
  async #load(text: string): Promise<void> {
    const add = listOf(text).map((key): NftOp => ({ kind: 'add', set: 'denied', key, timeout: 'never' }));
    await this.#commit([{ kind: 'flush', set: 'trial' }, { kind: 'flush', set: 'denied' }, ...add]);
  }

  async #commit(ops: readonly NftOp[]): Promise<void> {
    const done = await this.#nft.commit(TABLE, ops);
    if (!done.ok) throw new Error(done.public);
  }

  async #keepConfirmed(text: string): Promise<void> {
    await writeWhole(this.#disk, CONFIRMED, Buffer.from(text), { mode: 0o600, uid: 0, gid: 0 });
  }
}
