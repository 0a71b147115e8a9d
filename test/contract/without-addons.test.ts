/** The thread of the pipeline with all its addons, and without some: it says so, and does the same. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { FromWorker, PipelineSettings, ToWorker } from '../../actors/pipeline/protocol.ts';
import type { Finding } from '../../core/detect/finding.ts';

const THREAD = new URL('../../actors/pipeline/worker.js', import.meta.url);
const PRELOAD = new URL('../support/without-addons.js', import.meta.url);
const RECEIVED = Date.UTC(2026, 10, 22, 9, 0, 0);
const TAKES = 4;

const clock = (second: number): string =>
  new Date(Date.UTC(2026, 10, 22, 1) + second * 1000).toISOString().slice(11, 19);

/** Attackers, one of them with an IPv6 address, people, and lines of other programs. */
function linesOf(take: number): string {
  const lines = Array.from({ length: 300 }, (_, i) => {
    const number = take * 300 + i;
    const user = `u${number % 11}`;
    const said = [
      `sshd[7]: Failed password for ${user} from 192.0.2.${number % 7} port 4 ssh2`,
      `sshd[7]: Failed password for invalid user ${user} from 198.51.100.9 port 5 ssh2`,
      `sshd[7]: Failed password for ${user} from 2001:db8::7 port 6 ssh2`,
      `sshd[7]: Accepted password for ${user} from 192.0.2.${number % 7} port 4 ssh2`,
      `CRON[9]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)`,
      'kernel: something else',
    ];
    return `Nov 22 ${clock(number)} h ${said[number % said.length]}\n`;
  });
  return lines.join('');
}

interface Told {
  readonly plain: string | undefined;
  readonly findings: readonly Finding[];
  readonly events: number;
  readonly changes: unknown;
}

async function run(t: TestContext, without: readonly string[]): Promise<Told> {
  const directory = mkdtempSync(join(tmpdir(), 'bartizan-without-'));
  const workerData: PipelineSettings = { checks: {}, checkpoint: [], events: { directory }, ownHosts: [] };
  const worker = new Worker(THREAD, {
    workerData,
    execArgv: ['--import', PRELOAD.href],
    env: { ...process.env, TZ: 'UTC', BARTIZAN_WITHOUT: without.join(',') },
  });
  t.after(async () => {
    await worker.terminate();
    rmSync(directory, { recursive: true });
  });
  const told: FromWorker[] = [];
  worker.on('message', (message: FromWorker) => told.push(message));
  const answer = async <K extends FromWorker['kind']>(kind: K): Promise<Extract<FromWorker, { kind: K }>> => {
    for (;;) {
      const found = told.findLast((message) => message.kind === kind);
      if (found !== undefined) return found as Extract<FromWorker, { kind: K }>;
      await once(worker, 'message');
    }
  };
  const { plain } = await answer('ready');
  const post = (message: ToWorker): void => worker.postMessage(message);
  let offset = 0;
  for (let take = 0; take < TAKES; take++) {
    const bytes = Uint8Array.from(Buffer.from(linesOf(take)));
    const about = { parser: 'syslog', source: 'aa', provenance: 'file', receivedAt: RECEIVED } as const;
    post({ kind: 'chunk', sequence: take + 1, ...about, offset, bytes });
    offset += bytes.length;
  }
  post({ kind: 'checkpoint', sequence: TAKES + 1 });
  const { changes } = await answer('checkpoint');
  const judged = told.filter((message) => message.kind === 'judged');
  return {
    plain,
    findings: judged.flatMap(({ findings }) => findings),
    events: judged.at(-1)?.counters.events ?? 0,
    changes: changes.map(({ check, changes: of }) => [check, new Map(of)]),
  };
}

for (const without of [['windows'], ['lines'], ['blocks'], ['windows', 'lines', 'blocks']]) {
  test(`without ${without.join(', ')} the same is found and remembered`, async (t) => {
    const [whole, tested] = [await run(t, []), await run(t, without)];
    assert.equal(whole.plain, undefined);
    for (const name of without) assert.match(tested.plain ?? '', new RegExp(`the ${name} addon does not run`));
    assert.ok(whole.findings.length > 20 && whole.events > 900, `${whole.findings.length} findings`);
    assert.deepEqual({ ...tested, plain: undefined }, whole);
  });
}
