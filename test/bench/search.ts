import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../actors/clock/index.ts';
import { Segments, SegmentWriter, segmentDisk, startSearcher } from '../../actors/segments/index.ts';
import type { Ip } from '../../core/base/ip.ts';
import { days, type Millis, millis } from '../../core/base/time.ts';
import type { Event } from '../../core/event/event.ts';
import { EVENT_FIELDS } from '../../core/query/event-fields.ts';
import { parseQuery } from '../../core/query/parse.ts';
import { mulberry32 } from '../support/mulberry.ts';
import { declareBench, type Figures } from './bench.ts';
import { quantile, rounded } from './statistics.ts';

const SEED = 42;
const DAYS = 10;
const FIRST = Date.UTC(2026, 10, 1);
const LAST = FIRST + days(DAYS);
const BATCH = 8192;
const USERS = ['root', 'admin', 'test', 'oracle', 'ubuntu', 'git', 'postgres', 'pi', 'guest', 'deploy', 'www-data'];

/** Searching ten days of a busy sshd, written by the real writer and read by the real thread. */
export const search = declareBench({
  name: 'search',
  about: 'ten days of events: bytes and CPU to store one, time to find by address and by words',
  options: {
    events: { about: 'events stored', value: 10_000_000 },
    searches: { about: 'searches of each kind', value: 200 },
  },
  run: async ({ events, searches }, say) => {
    const directory = await mkdtemp(join(tmpdir(), 'bartizan-bench-'));
    try {
      const stored = await store(directory, events, say);
      return { ...stored, ...(await measure(directory, searches, say)) };
    } finally {
      await rm(directory, { recursive: true });
    }
  },
});

async function store(directory: string, count: number, say: (line: string) => void): Promise<Figures> {
  const writer = new SegmentWriter({ disk: segmentDisk(directory), clock: systemClock });
  await writer.open(undefined);
  const random = mulberry32(SEED);
  let cpu = 0;
  for (let done = 0; done < count; ) {
    const batch = Array.from({ length: Math.min(BATCH, count - done) }, (_, i) => eventOf(done + i, count, random));
    const before = process.cpuUsage();
    for (const event of batch) writer.keep(event);
    // A mark a second, as the pipeline makes them, and room for the disk between.
    if (done % (BATCH * 16) === 0) await writer.mark();
    const { user, system } = process.cpuUsage(before);
    cpu += user + system;
    done += batch.length;
  }
  await writer.close();
  const { kept, dropped } = writer.status();
  if (dropped > 0) throw new Error(`the disk was too slow: ${dropped} events dropped`);
  const sizes = await Promise.all((await readdir(directory)).map((name) => stat(join(directory, name))));
  const bytes = sizes.reduce((sum, { size }) => sum + size, 0);
  const figures = { bytes_per_event: rounded(bytes / kept), store_us_per_event: rounded(cpu / kept, 2) };
  say(
    `${kept} events in ${sizes.length} files: ${figures.bytes_per_event} bytes, ${figures.store_us_per_event} µs CPU each`,
  );
  return figures;
}

/** Of 100: 55 failed passwords, 15 unknown users, 10 abandoned connections, 10 logins with a key, 10 sessions. */
function eventOf(i: number, count: number, random: () => number): Event {
  const attacker = Math.floor(random() ** 2 * 4000);
  const ip = `203.${attacker >> 16}.${(attacker >> 8) & 255}.${attacker & 255}` as Ip;
  const user = USERS[Math.floor(random() * USERS.length)] ?? '';
  const port = 1025 + Math.floor(random() * 60_000);
  const kind = random();
  const about = {
    at: millis(Math.floor(FIRST + (i / count) * days(DAYS))),
    position: { source: '0123456789abcdef0123456789abcdef', offset: i * 110 },
    provenance: 'file',
    host: 'edge01',
    program: 'sshd',
    pid: 1000 + (i % 60_000),
  } as const;
  const failed = {
    ...about,
    category: 'authentication',
    outcome: 'failure',
    user,
    sourceIp: ip,
    sourcePort: port,
  } as const;
  const peer = `${ip} port ${port}`;
  if (kind < 0.55) {
    const message = `Failed password for ${kind < 0.2 ? 'invalid user ' : ''}${user} from ${peer} ssh2`;
    return { ...failed, action: 'ssh_failed_password', method: 'password', message };
  }
  if (kind < 0.7)
    return { ...failed, action: 'ssh_invalid_user', userUnknown: true, message: `Invalid user ${user} from ${peer}` };
  if (kind < 0.8) {
    return {
      ...failed,
      action: 'ssh_connection_closed',
      message: `Connection closed by authenticating user ${user} ${peer} [preauth]`,
    };
  }
  const own = { ...about, category: 'session', outcome: 'success', user: 'ops' } as const;
  if (kind < 0.9) {
    const message = `Accepted publickey for ops from 10.20.0.${i % 9} port ${port} ssh2: ED25519 SHA256:key${i % 5}`;
    return {
      ...own,
      action: 'ssh_accepted',
      sourceIp: `10.20.0.${i % 9}` as Ip,
      sourcePort: port,
      method: 'publickey',
      message,
    };
  }
  return {
    ...own,
    action: 'ssh_session_opened',
    message: `Starting session: shell on pts/${i % 20} for ops, token s${i.toString(36)}`,
  };
}

async function measure(directory: string, searches: number, say: (line: string) => void): Promise<Figures> {
  const segments = new Segments({
    directory,
    clock: systemClock,
    log: () => {},
    retention: () => ({ keepFor: 'never', maxBytes: Number.MAX_SAFE_INTEGER, keepFree: 0 }),
    startSearcher,
  });
  await segments.start();
  try {
    const random = mulberry32(SEED + 1);
    const below = (limit: number): number => Math.floor(random() * limit);
    const address = (): string => {
      const attacker = below(4400);
      return `203.0.${attacker >> 8}.${attacker & 255}`;
    };
    const day = (): string => {
      const from = FIRST + below(DAYS - 1) * days(1);
      return `since ${iso(from)} | until ${iso(from + days(1))}`;
    };
    const week = `since ${iso(LAST - days(7))}`;
    const words = (): string => {
      const kinds = [
        () => address(),
        () => `s${below(10_000_000).toString(36)}`,
        () => USERS[below(USERS.length)] ?? '',
        () => `"Failed password for invalid user ${USERS[below(USERS.length)]} from ${address()}"`,
        () => `nosuchword${below(1000)}`,
        () => `key${below(8)} 10.20.0.${below(12)}`,
        () => `${USERS[below(USERS.length)]} port ${1025 + below(60_000)}`,
        () => `pts ${below(25)}`,
      ];
      return kinds[below(kinds.length)]?.() ?? '';
    };
    await time(segments, `root | ${week}`);
    const many = async (query: () => string): Promise<readonly Timed[]> => {
      const times: Timed[] = [];
      for (let i = 0; i < searches; i++) times.push(await time(segments, query()));
      const slowest = times.toSorted((a, b) => b.ms - a.ms).slice(0, 3);
      for (const { text, ms } of slowest) say(`slowest: ${ms.toFixed(0)} ms, ${text}`);
      return times;
    };
    const listed = await many(() => `ip = ${address()} | ${day()}`);
    const counted = await many(() => `ip = ${address()} | ${day()} | count`);
    const texts = await many(() => `${words()} | ${week}`);
    const long = await time(segments, `message contains "zqzq" | ${week}`);
    say(`everything of 7 days read: ${long.ms.toFixed(0)} ms, told ${long.told} times how far it was`);
    return {
      ...spread('address_day', listed),
      ...spread('address_day_counted', counted),
      ...spread('text_week', texts),
      long_ms: rounded(long.ms),
      long_cpu_ms: rounded(long.cpuMs),
      long_told: long.told,
    };
  } finally {
    await segments.stop();
  }
}

const iso = (at: number): string => new Date(at).toISOString();

interface Timed {
  readonly text: string;
  readonly ms: number;
  /** Of all threads; on a machine that others use too it says more. */
  readonly cpuMs: number;
  readonly told: number;
}

const spread = (name: string, times: readonly Timed[]): Figures => ({
  [`${name}_p50_ms`]: rounded(
    quantile(
      times.map(({ ms }) => ms),
      0.5,
    ),
  ),
  [`${name}_p99_ms`]: rounded(
    quantile(
      times.map(({ ms }) => ms),
      0.99,
    ),
  ),
  [`${name}_p50_cpu_ms`]: rounded(
    quantile(
      times.map(({ cpuMs }) => cpuMs),
      0.5,
    ),
  ),
  [`${name}_p99_cpu_ms`]: rounded(
    quantile(
      times.map(({ cpuMs }) => cpuMs),
      0.99,
    ),
  ),
});

async function time(segments: Segments, text: string): Promise<Timed> {
  const query = parseQuery(text, { catalogue: EVENT_FIELDS, now: LAST as Millis });
  if (!query.ok) throw new Error(query.public);
  const began = performance.now();
  const before = process.cpuUsage();
  let told = 0;
  let end: string | undefined;
  for await (const event of segments.search(query.value)) {
    if (event.kind === 'progress') told++;
    end = event.kind;
  }
  if (end !== 'end') throw new Error(`${text}: ended in ${end}`);
  const { user, system } = process.cpuUsage(before);
  return { text, ms: performance.now() - began, cpuMs: (user + system) / 1000, told };
}
