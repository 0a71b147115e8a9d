import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { authLogChunks } from '../support/auth-log.ts';
import { Daemon, stateDir } from '../support/daemon.ts';
import { waitFor } from '../support/wait-for.ts';
import { declareBench } from './bench.ts';
import { following } from './config.ts';
import { peakOf, workOf } from './processes.ts';
import { median, rounded } from './statistics.ts';

const SEED = 42;
const ASK_EVERY_MS = 50;
const WITHIN_MS = 120_000;

/**
 * The daemon's first start on a log that is long already: reading, the way to the worker and back, judging, findings and
 * checkpoints in the store, all under one CPU. Its start is in the figures.
 */
export const backlog = declareBench({
  name: 'backlog',
  about: 'the daemon, observing, catches up with a long log: lines per CPU second, peak memory',
  options: {
    lines: { about: 'lines of the log', value: 300_000 },
    runs: { about: 'state directories; figures are medians', value: 3 },
  },
  run: async ({ lines, runs }, say) => {
    const samples: Sample[] = [];
    for (let i = 0; i < runs; i++) {
      const sample = await catchUp(lines);
      samples.push(sample);
      const { cpuMs, wallMs, peakMb } = sample;
      say(`${cpuMs.toFixed(0)} ms CPU in ${wallMs.toFixed(0)} ms, peak ${peakMb.toFixed(1)} MiB`);
    }
    return {
      lines_per_cpu_s: rounded(lines / (median(samples.map(({ cpuMs }) => cpuMs)) / 1000), 0),
      lines_per_s: rounded(lines / (median(samples.map(({ wallMs }) => wallMs)) / 1000), 0),
      peak_rss_mb: rounded(median(samples.map(({ peakMb }) => peakMb))),
    };
  },
});

interface Sample {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly peakMb: number;
}

async function catchUp(lines: number): Promise<Sample> {
  const directory = await stateDir();
  const log = join(directory, 'auth.log');
  await writeFile(log, authLogChunks(lines, SEED));
  await using daemon = new Daemon(directory);
  await daemon.configure(following(log));
  const begun = performance.now();
  await daemon.start();
  const judged = () => judgedLines(daemon).then((count) => (count >= lines ? true : undefined));
  await waitFor(`${lines} lines to be judged`, judged, { withinMs: WITHIN_MS, everyMs: ASK_EVERY_MS });
  return { cpuMs: workOf(daemon.pid).cpu, wallMs: performance.now() - begun, peakMb: peakOf(daemon.pid) };
}

async function judgedLines(daemon: Daemon): Promise<number> {
  const { body } = await daemon.call('GET', '/api/v1/status');
  const components = body.components as readonly { readonly name: string; readonly counters: Record<string, number> }[];
  return components.find(({ name }) => name === 'pipeline')?.counters['lines'] ?? 0;
}
