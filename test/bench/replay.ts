import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Daemon, stateDir } from '../support/daemon.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { waitFor } from '../support/wait-for.ts';
import { type AttackLog, attackLog } from './attack-log.ts';
import { declareBench, Wrong } from './bench.ts';
import { following } from './config.ts';
import { peakOf, workOf } from './processes.ts';
import { blockedIn, bytesIn, differences, type Expected, expectedOf, findingsIn, searchedIn } from './replayed.ts';
import { median, rounded } from './statistics.ts';

const SEED = 42;
const WITHIN_MS = 120_000;
const ASK_EVERY_MS = 200;
/** The daemon is at rest when it used less than this share of a core for as long as it is looked at: past its next checkpoint. */
const REST = 0.01;
const LOOK_MS = 1500;

/**
 * The real daemon, enforcing in a namespace of its own, follows a log into which all lines come at once, and does all that
 * it does: reads, parses, judges with every check, keeps every line, records findings and decisions, blocks. Its whole
 * processor time counts, that of its start and of the checkpoints too, until it is at rest; `lines_per_cpu_s_running` leaves
 * the start out. Then what it found is compared with what the slow reference finds, the kernel's sets with whom that makes
 * it block, and what a search counts with what was in the log: a difference is no figure but a failure.
 */
export const replay = declareBench({
  name: 'replay',
  about: 'the daemon does everything with a log of attacks: lines per CPU second, peak memory, bytes an event (root)',
  options: {
    lines: { about: 'lines of the log', value: 200_000 },
    runs: { about: 'state directories; figures are medians', value: 3 },
  },
  run: async ({ lines, runs }, say) => {
    if (notRoot) throw new Error(notRoot);
    // The log's times have no zone.
    process.env['TZ'] = 'UTC';
    const log = attackLog(lines, SEED);
    const expected = expectedOf(log.text);
    say(
      `${lines} lines (${log.madeBy}), ${expected.findings.length} findings and ${expected.blocks.length} blocks expected`,
    );
    const samples: Sample[] = [];
    for (let i = 0; i < runs; i++) {
      const sample = await runOnce(log, expected);
      samples.push(sample);
      const { cpuMs, startMs, wallMs, peakMb } = sample;
      say(
        `${cpuMs.toFixed(0)} ms CPU, ${startMs.toFixed(0)} of it to start; ${wallMs.toFixed(0)} ms until all was judged; ` +
          `peak ${peakMb.toFixed(1)} MiB; ${sample.found} findings, ${sample.blocks} blocks`,
      );
    }
    const of = (figure: (sample: Sample) => number): number => median(samples.map(figure));
    const figures = {
      lines_per_cpu_s: rounded(lines / (of(({ cpuMs }) => cpuMs) / 1000), 0),
      lines_per_cpu_s_running: rounded(lines / (of(({ cpuMs, startMs }) => cpuMs - startMs) / 1000), 0),
      lines_per_s: rounded(lines / (of(({ wallMs }) => wallMs) / 1000), 0),
      peak_rss_mb: rounded(of(({ peakMb }) => peakMb)),
      bytes_per_event: rounded(of(({ bytes }) => bytes) / lines),
      found: of(({ found }) => found),
      expected: expected.findings.length,
      blocks: of(({ blocks }) => blocks),
      expected_blocks: expected.blocks.length,
      start_cpu_ms: rounded(of(({ startMs }) => startMs)),
      log: log.madeBy,
    };
    const wrong = [...new Set(samples.flatMap(({ differ }) => differ))];
    if (wrong.length > 0) throw new Wrong(wrong.join('\n'), figures);
    return figures;
  },
});

interface Sample {
  readonly cpuMs: number;
  readonly startMs: number;
  readonly wallMs: number;
  readonly peakMb: number;
  readonly bytes: number;
  readonly found: number;
  readonly blocks: number;
  /** What was not as expected. */
  readonly differ: readonly string[];
}

async function runOnce({ text }: AttackLog, expected: Expected): Promise<Sample> {
  using namespace = new Namespace('bench');
  const directory = await stateDir();
  const log = join(directory, 'auth.log');
  await writeFile(`${log}.made`, text, { mode: 0o600 });
  await using daemon = new Daemon(directory);
  await daemon.configure(following(log, namespace, 'syslog'));
  await daemon.start();
  await atRest(daemon.pid);
  const startMs = workOf(daemon.pid).cpu;
  const begun = performance.now();
  await rename(`${log}.made`, log);
  const isJudged = () => judgedLines(daemon).then((count) => (count >= expected.lines ? true : undefined));
  await waitFor('all lines to be judged', isJudged, { withinMs: WITHIN_MS, everyMs: ASK_EVERY_MS });
  const wallMs = performance.now() - begun;
  await atRest(daemon.pid);
  const blocks = await blockedIn(namespace.name);
  const cpuMs = workOf(daemon.pid).cpu;
  const peakMb = peakOf(daemon.pid);
  const searched = await searchedIn(directory);
  await daemon.stop();
  const found = await findingsIn(directory);
  return {
    ...{ cpuMs, startMs, wallMs, peakMb },
    bytes: await bytesIn(directory),
    found: found.length,
    blocks: blocks.length,
    differ: differences(expected, { findings: found, blocks, searched }),
  };
}

/** Resolves when the process has done next to nothing for a while. */
async function atRest(pid: number): Promise<void> {
  let before = Number.NEGATIVE_INFINITY;
  const isResting = () => {
    const { cpu } = workOf(pid);
    const used = cpu - before;
    before = cpu;
    return used < LOOK_MS * REST ? true : undefined;
  };
  await waitFor('the daemon to be at rest', isResting, { withinMs: WITHIN_MS, everyMs: LOOK_MS });
}

async function judgedLines(daemon: Daemon): Promise<number> {
  const { body } = await daemon.call('GET', '/api/v1/status');
  const components = body.components as readonly { readonly name: string; readonly counters: Record<string, number> }[];
  return components.find(({ name }) => name === 'pipeline')?.counters['lines'] ?? 0;
}
