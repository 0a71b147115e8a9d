/**
 * Settings on trial on the kernel of a namespace, killed at random steps. `BARTIZAN_CRASH_POINTS=300` kills a tenth as many,
 * 6 unless told. After every other kill the reverter in sh comes first, as it does under the launcher.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { judgedIn, ReferenceKernel } from '../support/change/kernel-tables.ts';
import { NODE_FLAGS } from '../support/gate/stages.ts';
import { NetworkNamespace, namespacesUnavailable } from '../support/network-namespace.ts';
import { SEED, seeded } from '../support/random.ts';
import { ROOT } from '../support/root.ts';

const KILLS = Math.max(6, Math.ceil(Number(process.env['BARTIZAN_CRASH_POINTS'] ?? 30) / 10));
const CHILD = join(import.meta.dirname, 'settings-child.js');
const REVERT = join(ROOT, 'systemd/revert');
const DENIED = { infra: [], denied: ['203.0.113.0/24', '::/0'] };
const FEW = { infra: [], denied: ['198.51.100.0/24'] };
const ON = 'firewall: { enabled: true, denied_networks: [198.51.100.0/24] }\n';

/** `off`: switched off with it, or on. */
const SCENARIOS = [
  { name: 'confirm', before: ON },
  { name: 'revert', before: ON },
  { name: 'force', before: ON },
  { name: 'confirm, off', before: ON },
  { name: 'revert, off', before: ON },
  { name: 'confirm', before: ON.replace('true', 'false') },
  { name: 'revert', before: ON.replace('true', 'false') },
] as const;

interface Said {
  readonly steps: number;
  readonly result?: 'confirmed' | 'reverted';
}

const run = (program: string, args: readonly string[]): Promise<{ readonly said?: Said; readonly told: boolean }> =>
  new Promise((resolve, reject) => {
    execFile(program, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      const told = stdout.includes('told');
      if (error !== null && error.signal !== 'SIGKILL') reject(new Error(stderr, { cause: error }));
      else if (error !== null || stdout === '') resolve({ told });
      else resolve({ told, said: JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Said });
    });
  });

/** A machine with a config, and a kernel that outlives its processes. */
class Machine implements AsyncDisposable {
  readonly space = new NetworkNamespace('crash');
  state = '';

  async open(config: string): Promise<this> {
    this.state = await mkdtemp(join(tmpdir(), 'bartizan-settings-'));
    await writeFile(join(this.state, 'bartizan.yaml'), config, { mode: 0o600 });
    return this;
  }

  child(...args: readonly string[]) {
    return run(process.execPath, [...NODE_FLAGS, CHILD, this.state, this.space.name, ...args]);
  }

  config(): Promise<string> {
    return readFile(join(this.state, 'bartizan.yaml'), 'utf8');
  }

  judged(): string | undefined {
    return judgedIn((command, args) => this.space.exec(command, args));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.space.dispose();
    await rm(this.state, { recursive: true, force: true });
  }
}

describe('settings that are killed', { skip: namespacesUnavailable() }, () => {
  test(`${KILLS} times kill -9: kernel, file and report agree`, { timeout: 60_000 + KILLS * 30_000 }, async (t) => {
    const random = seeded();
    using reference = new ReferenceKernel();
    const lengths = new Map<object, number>();
    const first = Math.floor(random() * SCENARIOS.length);
    for (let i = 0; i < KILLS; i++) {
      const scenario = SCENARIOS[(first + i) % SCENARIOS.length] ?? SCENARIOS[0];
      const { name, before } = scenario;
      if (!lengths.has(scenario)) {
        await using whole = await new Machine().open(before);
        lengths.set(scenario, (await whole.child('run', name)).said?.steps ?? 0);
      }
      const step = Math.floor(random() * (lengths.get(scenario) ?? 0));
      const what = `${name} from ${before.trim()}, killed before step ${step}, seed ${SEED}`;
      await using edge = await new Machine().open(before);
      const { told } = await edge.child('run', name, String(step));
      if (i % 2 === 0) await run('sh', [REVERT, '--starting', edge.state]);
      const { said } = await edge.child('recover');
      const isAfter = said?.result === 'confirmed';
      const isOn = isAfter ? !name.endsWith('off') : before.includes('true');
      const config = await edge.config();
      if (!isAfter) assert.equal(config, before, what);
      else assert.match(config, /203\.0\.113\.0/, what);
      assert.equal(edge.judged(), isOn ? reference.judging(isAfter ? DENIED : FEW) : undefined, what);
      assert.deepEqual(await readdir(join(edge.state, 'change')), ['done'], what);
      if (told) assert.equal(said?.result, name.startsWith('revert') ? 'reverted' : 'confirmed', what);
    }
    t.diagnostic(`steps: ${[...lengths.values()].join(', ')}; seed ${SEED}`);
  });
});
