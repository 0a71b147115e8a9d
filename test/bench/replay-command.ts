import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { authLogChunks } from '../support/auth-log.ts';
import { NODE_FLAGS } from '../support/daemon.ts';
import { declareBench } from './bench.ts';
import { median, rounded } from './statistics.ts';

const MAIN = fileURLToPath(new URL('../../bundle/main.js', import.meta.url));
const USAGE = fileURLToPath(new URL('./usage-on-exit.js', import.meta.url));
const SEED = 42;

/** `bartizan replay` as an operator runs it, in a process of its own. Its start is in the figures. */
export const replayCommand = declareBench({
  name: 'replay-command',
  about: '`bartizan replay` on a generated sshd log: lines per CPU second, peak memory',
  options: {
    lines: { about: 'lines of the log', value: 200_000 },
    runs: { about: 'runs; figures are medians', value: 5 },
  },
  run: async ({ lines, runs }, say) => {
    const directory = await mkdtemp(join(tmpdir(), 'bartizan-bench-'));
    try {
      const file = join(directory, 'auth.log');
      await writeFile(file, authLogChunks(lines, SEED));
      const samples: Sample[] = [];
      for (let i = 0; i < runs; i++) samples.push(await runOnce(file));
      for (const { cpuMs, peakKib, findings } of samples) {
        say(`${cpuMs.toFixed(0)} ms CPU, peak ${(peakKib / 1024).toFixed(1)} MiB, ${findings} findings`);
      }
      return {
        lines_per_cpu_s: rounded(lines / (median(samples.map(({ cpuMs }) => cpuMs)) / 1000), 0),
        peak_rss_mb: rounded(median(samples.map(({ peakKib }) => peakKib)) / 1024),
        findings: median(samples.map(({ findings }) => findings)),
      };
    } finally {
      await rm(directory, { recursive: true });
    }
  },
});

interface Sample {
  readonly cpuMs: number;
  readonly peakKib: number;
  readonly findings: number;
}

async function runOnce(file: string): Promise<Sample> {
  const args = [...NODE_FLAGS, '--import', USAGE, MAIN, 'replay', file, '--parser', 'sshd', '--json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] });
  const [findings, used, [code]] = await Promise.all([readOf(child, 1), readOf(child, 3), once(child, 'exit')]);
  if (code !== 0) throw new Error(`replay ended with ${code}`);
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(used) as NodeJS.ResourceUsage;
  return {
    cpuMs: (userCPUTime + systemCPUTime) / 1000,
    peakKib: maxRSS,
    findings: findings.split('\n').filter(Boolean).length,
  };
}

const readOf = (child: ChildProcess, descriptor: 1 | 3): Promise<string> =>
  text(child.stdio[descriptor] as NodeJS.ReadableStream);
