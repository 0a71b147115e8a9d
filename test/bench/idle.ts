import { existsSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Daemon, stateDir } from '../support/daemon.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { declareBench, type Figures } from './bench.ts';
import { following } from './config.ts';
import { holdingsOf, workOf } from './processes.ts';
import { median, rounded } from './statistics.ts';

/** How often the control socket is asked whether it answers: the resolution of `ready_ms`. */
const ASK_EVERY_MS = 5;
const READY_WITHIN_MS = 30_000;

type Sample = Readonly<Record<(typeof MEASURED)[number], number>>;
const MEASURED = [
  'ready_ms',
  'start_cpu_ms',
  'pss_mb',
  'anonymous_mb',
  'cpu_percent',
  'wakeups_per_s',
  'threads',
  'descriptors',
] as const;

/**
 * The appliance with nothing to do: it follows a log that nobody writes to and, when run by root, enforces in a network
 * namespace of its own. The first start is on an empty state directory (keys and store are made), the second on what the
 * first left.
 */
export const idle = declareBench({
  name: 'idle',
  about: 'the daemon at rest, first and second start: time until ready, memory, CPU',
  options: {
    starts: { about: 'state directories, each started twice; figures are medians', value: 3 },
    settle: { about: 'seconds of rest before memory is read', value: 10 },
    watch: { about: 'seconds over which CPU is counted', value: 20 },
  },
  run: async ({ starts, settle, watch }, say) => {
    const first: Sample[] = [];
    const second: Sample[] = [];
    using namespace = notRoot === false ? new Namespace('idle') : undefined;
    say(namespace === undefined ? `observing: ${notRoot}` : 'enforcing in a network namespace');
    for (let i = 0; i < starts; i++) {
      const directory = await stateDir();
      await using daemon = new Daemon(directory, await ownNode(directory));
      const log = join(directory, 'auth.log');
      await writeFile(log, '');
      await daemon.configure(following(log, namespace));
      for (const samples of [first, second]) {
        samples.push(await measure(daemon, settle, watch));
        await daemon.stop();
      }
    }
    for (const name of MEASURED) {
      const both = [first, second].map((samples) => samples.map((sample) => sample[name]));
      say(`${name.padEnd(14)} first start ${both[0]?.join(' ')} · second ${both[1]?.join(' ')}`);
    }
    return { ...mediansOf('first', first), ...mediansOf('second', second) };
  },
});

/** A copy, so that no other process shares its pages: PSS is then what it is where nothing else runs Node. */
async function ownNode(directory: string): Promise<string> {
  const copy = join(directory, 'node');
  await copyFile(process.execPath, copy);
  return copy;
}

async function measure(daemon: Daemon, settle: number, watch: number): Promise<Sample> {
  const begun = performance.now();
  const ended = daemon.launch();
  await Promise.race([answers(daemon, begun), ended.then((code) => failed(`it ended with ${code}: ${daemon.output}`))]);
  const ready = performance.now() - begun;
  const startCpu = workOf(daemon.pid).cpu;
  await pause(settle * 1000);
  const holdings = holdingsOf(daemon.pid);
  const before = workOf(daemon.pid);
  const watched = performance.now();
  await pause(watch * 1000);
  const after = workOf(daemon.pid);
  const elapsed = performance.now() - watched;
  return {
    ready_ms: rounded(ready, 0),
    start_cpu_ms: rounded(startCpu, 0),
    pss_mb: rounded(holdings.pss),
    anonymous_mb: rounded(holdings.anonymous),
    cpu_percent: rounded(((after.cpu - before.cpu) / elapsed) * 100, 3),
    wakeups_per_s: rounded(((after.sleeps - before.sleeps) / elapsed) * 1000),
    threads: holdings.threads,
    descriptors: holdings.descriptors,
  };
}

/** Asks only where there is a socket, so that a start under way is not slowed by being asked. */
async function answers(daemon: Daemon, begun: number): Promise<void> {
  const socket = join(daemon.state, 'control.sock');
  const isReady = async (): Promise<boolean> =>
    existsSync(socket) && (await daemon.call('GET', '/api/v1/status').catch(() => undefined))?.status === 200;
  while (!(await isReady())) {
    if (performance.now() - begun > READY_WITHIN_MS) failed(`not ready within ${READY_WITHIN_MS} ms: ${daemon.output}`);
    await pause(ASK_EVERY_MS);
  }
}

function failed(why: string): never {
  throw new Error(why);
}

const mediansOf = (start: string, samples: readonly Sample[]): Figures =>
  Object.fromEntries(
    MEASURED.map((name) => [`${start}_${name}`, rounded(median(samples.map((sample) => sample[name])), 3)]),
  );
