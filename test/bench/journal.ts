import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { millis } from '../../core/base/time.ts';
import { JOURNAL_FIELDS, linesOf } from '../../core/event/journal-line.ts';
import { type JournalBatch, openJournal } from '../../native/journal/index.ts';
import { appendEntries, type WrittenEntry } from '../support/journal-files.ts';
import { declareBench } from './bench.ts';
import { median, rounded } from './statistics.ts';

const FOUR = ['MESSAGE', 'SYSLOG_IDENTIFIER', '_PID', '_SYSTEMD_UNIT'];
const BOOT = 'b007'.repeat(8);
const AT_ONCE = 20_000;

/** Entries as journald writes them for sshd: 23 fields, most of them the same from entry to entry. */
export const journal = declareBench({
  name: 'journal',
  about: 'the journal into objects of four fields, beside `journalctl -o json` piped into Node',
  options: {
    entries: { about: 'entries of the journal', value: 100_000 },
    runs: { about: 'runs; figures are medians', value: 5 },
    peers: { about: 'runs of journalctl, which takes long', value: 3 },
  },
  run: async ({ entries, runs, peers }, say) => {
    const directory = await mkdtemp(join(tmpdir(), 'bartizan-bench-'));
    try {
      say(`systemd-journal-remote writes ${entries} entries`);
      for (let from = 0; from < entries; from += AT_ONCE) {
        appendEntries(directory, sshdEntries(from, Math.min(entries, from + AT_ONCE)));
      }
      const measure = async (what: string, times: number, once: () => Promise<Sample>): Promise<Rates> => {
        const samples: Sample[] = [];
        for (let i = 0; i < times; i++) samples.push(await once());
        const rates = ratesOf(entries, samples);
        say(`${what}: ${rates.perSecond} entries/s, ${rates.perCpuSecond} per CPU second`);
        return rates;
      };
      const objects = await measure('objects of 4 fields', runs, () => readObjects(directory));
      const lines = await measure('lines with their sender', runs, () => readLines(directory));
      const peer = await measure('journalctl -o json | JSON.parse', peers, () => readByJournalctl(directory, []));
      const fields = [`--output-fields=${FOUR.join()}`];
      const slim = await measure('the same of 4 fields', peers, () => readByJournalctl(directory, fields));
      return {
        entries_per_s: objects.perSecond,
        entries_per_cpu_s: objects.perCpuSecond,
        lines_per_s: lines.perSecond,
        lines_per_cpu_s: lines.perCpuSecond,
        journalctl_per_s: peer.perSecond,
        journalctl_per_cpu_s: peer.perCpuSecond,
        journalctl_4_fields_per_s: slim.perSecond,
        journalctl_4_fields_per_cpu_s: slim.perCpuSecond,
        times_journalctl: rounded(objects.perSecond / peer.perSecond),
      };
    } finally {
      await rm(directory, { recursive: true });
    }
  },
});

/** What one pass over the journal took. */
interface Sample {
  readonly entries: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

interface Rates {
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

function ratesOf(entries: number, samples: readonly Sample[]): Rates {
  const short = samples.find((sample) => sample.entries !== entries);
  if (short !== undefined) throw new Error(`${short.entries} of ${entries} entries were read`);
  const rate = (time: (sample: Sample) => number): number => rounded(entries / median(samples.map(time)), 0);
  return { perSecond: rate(({ seconds }) => seconds), perCpuSecond: rate(({ cpuSeconds }) => cpuSeconds) };
}

const readObjects = (directory: string): Promise<Sample> =>
  timed(() => readAll(directory, FOUR, (batch) => batch.entries().length));

const readLines = (directory: string): Promise<Sample> =>
  timed(() => readAll(directory, JOURNAL_FIELDS, (batch) => linesOf(batch, millis(0)).length));

/** One batch is read while the one before is made into objects, as the watcher does it. */
async function readAll(
  path: string,
  fields: readonly string[],
  make: (batch: JournalBatch) => number,
): Promise<number> {
  const opened = await openJournal({ source: { kind: 'directory', path }, fields });
  if (!opened.ok) throw new Error(opened.public);
  let made = 0;
  for (let ahead = opened.value.read(); ; ) {
    const batch = await ahead;
    if (!batch.ok) throw new Error(batch.public);
    if (batch.value.length === 0) break;
    ahead = opened.value.read();
    made += make(batch.value);
  }
  await opened.value.close();
  return made;
}

/** CPU time of this process and of journalctl together. */
async function readByJournalctl(directory: string, options: readonly string[]): Promise<Sample> {
  let theirs = 0;
  const sample = await timed(async () => {
    // The shell's `times` says last what its children used.
    const command = ['journalctl', '--output=json', '--no-pager', `--directory=${directory}`, ...options];
    const child = spawn('sh', ['-c', '"$@"; times >&2', 'sh', ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
    const used = text(child.stderr);
    let entries = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      if (typeof JSON.parse(line) === 'object') entries++;
    }
    theirs = secondsIn((await used).trim().split('\n').at(-1) ?? '');
    return entries;
  });
  return { ...sample, cpuSeconds: sample.cpuSeconds + theirs };
}

/** `1m2.5s 0m0.3s`: user and system time. */
const secondsIn = (times: string): number =>
  [...times.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + Number(m) * 60 + Number(s), 0);

async function timed(run: () => Promise<number>): Promise<Sample> {
  const before = process.cpuUsage();
  const begun = performance.now();
  const entries = await run();
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { entries, seconds, cpuSeconds: (user + system) / 1e6 };
}

function* sshdEntries(from: number, to: number): Generator<WrittenEntry> {
  for (let n = from; n < to; n++) {
    const realtime = Date.UTC(2026, 0, 1) * 1000 + n * 100;
    const pid = String(1000 + (Math.floor(n / 4) % 30_000));
    const user = n % 3 === 0 ? `invalid user admin${n % 50}` : 'root';
    const address = `${10 + (n % 50)}.${n % 251}.3.4`;
    yield {
      realtime,
      monotonic: 1e6 + n * 100,
      boot: BOOT,
      fields: {
        ...SAME,
        MESSAGE: `Failed password for ${user} from ${address} port ${1024 + (n % 60_000)} ssh2`,
        SYSLOG_PID: pid,
        _PID: pid,
        _SOURCE_REALTIME_TIMESTAMP: String(realtime - 10),
      },
    };
  }
}

const SAME = {
  PRIORITY: '6',
  SYSLOG_FACILITY: '10',
  SYSLOG_IDENTIFIER: 'sshd',
  SYSLOG_TIMESTAMP: 'Jan  1 00:00:00 ',
  _TRANSPORT: 'syslog',
  _UID: '0',
  _GID: '0',
  _COMM: 'sshd',
  _EXE: '/usr/sbin/sshd',
  _CMDLINE: 'sshd: root [priv]',
  _CAP_EFFECTIVE: '1ffffffffff',
  _SYSTEMD_CGROUP: '/system.slice/ssh.service',
  _SYSTEMD_UNIT: 'ssh.service',
  _SYSTEMD_SLICE: 'system.slice',
  _SYSTEMD_INVOCATION_ID: '0123456789abcdef'.repeat(2),
  _MACHINE_ID: 'fedcba9876543210'.repeat(2),
  _HOSTNAME: 'edge',
  _RUNTIME_SCOPE: 'system',
};
