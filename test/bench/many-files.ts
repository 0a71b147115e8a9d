import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { FileWatcher, openFileSystem } from '../../actors/watchers/files/index.ts';
import { fingerprintOf } from '../../core/event/framing.ts';
import { realClock } from '../support/real-clock.ts';
import { until } from '../support/until.ts';
import { declareBench, type Figures } from './bench.ts';
import { workOf } from './processes.ts';
import { median, rounded } from './statistics.ts';

const PER_DIRECTORY = 500;
const APPENDS = 40;
const LINE = 'Nov 22 01:02:03 edge sshd[12]: Connection closed by 203.0.113.7 port 42 [preauth]\n';

/** The file watcher alone, with its default limits, over many files under one pattern. */
export const manyFiles = declareBench({
  name: 'many-files',
  about: 'thousands of followed files: memory, descriptors, CPU at rest, time from append to line',
  options: {
    files: { about: 'files under one pattern', value: 5000 },
    settle: { about: 'seconds before that', value: 2 },
    watch: { about: 'seconds of rest over which CPU is counted', value: 10 },
  },
  run: async ({ files: count, settle, watch }, say) => {
    const root = mkdtempSync(join(tmpdir(), 'bartizan-files-'));
    try {
      return await measure(root, { count, settle, watch }, say);
    } finally {
      rmSync(root, { recursive: true });
    }
  },
});

interface Sizes {
  readonly count: number;
  readonly settle: number;
  readonly watch: number;
}

async function measure(root: string, { count, settle, watch }: Sizes, say: (line: string) => void): Promise<Figures> {
  const path = (i: number): string => join(root, String(Math.floor(i / PER_DIRECTORY)), `${i}.log`);
  for (let i = 0; i < count; i += PER_DIRECTORY) mkdirSync(join(root, String(i / PER_DIRECTORY)));
  for (let i = 0; i < count; i++) appendFileSync(path(i), LINE);
  let bytes = 0;
  const watcher = new FileWatcher({
    entries: [{ path: `${root}/*/*.log`, parser: 'sshd', start: 'beginning' }],
    cursors: () => new Map(),
    sink: {
      submit: async (chunk) => {
        bytes += chunk.bytes.length;
      },
    },
    fs: openFileSystem(),
    clock: realClock,
    report: () => {},
    fingerprintOf,
  });
  const before = { rss: process.memoryUsage().rss, descriptors: readdirSync('/proc/self/fd').length };
  const begun = performance.now();
  await watcher.start((cause) => {
    throw cause;
  });
  await until('every first line', () => bytes === count * LINE.length, 120_000);
  const start = performance.now() - begun;
  await pause(settle * 1000);
  const restBegun = performance.now();
  const work = workOf(process.pid).cpu;
  await pause(watch * 1000);
  const rest = (workOf(process.pid).cpu - work) / (performance.now() - restBegun);
  const waits: number[] = [];
  for (let i = 0; i < APPENDS; i++) {
    const wanted = bytes + LINE.length;
    const at = performance.now();
    appendFileSync(path(Math.floor((i * count) / APPENDS)), LINE);
    while (bytes !== wanted) await new Promise(setImmediate);
    waits.push(performance.now() - at);
  }
  const figures = {
    start_ms: rounded(start, 0),
    rss_mb: rounded((process.memoryUsage().rss - before.rss) / 2 ** 20),
    descriptors: readdirSync('/proc/self/fd').length - before.descriptors,
    cpu_percent: rounded(rest * 100, 2),
    append_to_line_ms: rounded(median(waits)),
  };
  await watcher.stop();
  say(`${count} files: all read after ${figures.start_ms} ms, ${figures.rss_mb} MiB, ${figures.cpu_percent} % at rest`);
  return figures;
}
