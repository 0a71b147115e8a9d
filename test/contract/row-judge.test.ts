/** Lines that are judged many at a time, against the same lines one by one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Chunk, FileLines } from '../../actors/pipeline/lines.ts';
import { windowsBy } from '../../actors/pipeline/native-windows.ts';
import { ReadEvent } from '../../actors/pipeline/read-event.ts';
import { RowJudge } from '../../actors/pipeline/row-judge.ts';
import { UsualLines } from '../../actors/pipeline/usual-lines.ts';
import type { Ip } from '../../core/base/ip.ts';
import { CHECK_NAMES, type CheckSettings, createDetectors } from '../../core/detect/checks.ts';
import type { Finding } from '../../core/detect/finding.ts';
import { Pipeline } from '../../core/detect/pipeline.ts';
import { SOURCE_GROUPS, type SourceGroups } from '../../core/detect/trail/keys.ts';
import { type Event, isEvent } from '../../core/event/event.ts';
import { createParsers } from '../../core/event/parsers.ts';
import { UTC } from '../../core/event/syslog-time.ts';
import { openLines } from '../../native/lines/index.ts';
import { FIELDS } from '../../native/lines/port.ts';
import { openWindows } from '../../native/windows/index.ts';
import { keep, stored } from '../support/detectors.ts';
import { fc } from '../support/random.ts';

const RECEIVED = Date.UTC(2026, 10, 22, 9, 0, 0);
const clock = (second: number): string =>
  new Date(Date.UTC(2026, 10, 22, 1) + second * 1000).toISOString().slice(11, 19);

const USERS = ['root', 'ops', 'backup', 'admin', 'test', 'oracle', 'git', 'www', 'pi', 'x'.repeat(300)];
const record = fc.record({
  form: fc.constantFrom(
    (user: string, peer: string) => `Failed password for ${user} from ${peer} ssh2`,
    (user: string, peer: string) => `Failed password for invalid user ${user} from ${peer} ssh2`,
    (user: string, peer: string) => `Failed publickey for ${user} from ${peer} ssh2`,
    (user: string, peer: string) => `Accepted password for ${user} from ${peer} ssh2`,
    (user: string, peer: string) => `Invalid user ${user} from ${peer}`,
    (user: string, peer: string) => `Connection closed by authenticating user ${user} ${peer} [preauth]`,
    (_user: string, peer: string) => `Connection closed by ${peer}`,
    (user: string) => `pam_unix(sshd:session): session opened for user ${user}(uid=0) by (uid=0)`,
    (user: string, peer: string) => `message repeated 3 times: [ Failed password for ${user} from ${peer} ssh2]`,
    (user: string) => `FAILED SU (to root) ${user} on pts/1`,
    (user: string) => `   ${user} : 2 incorrect password attempts ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/id`,
  ),
  user: fc.constantFrom(...USERS),
  host: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('192.0.2.1', '192.0.2.2', '192.0.2.200', '2001:db8::7', '2001:db8::8') },
    fc.constantFrom('198.51.100.7', '2001:db8:0:1::7', '2001:db9::1', '0:ffff::1', '::1', 'ffff:ffff:ffff:ffff::1'),
  ),
  port: fc.integer({ min: 1, max: 4 }),
  on: fc.constantFrom('h', 'h', 'edge2'),
});

const programOf = (said: string): string =>
  said.startsWith('FAILED SU') ? 'su' : said.startsWith(' ') ? 'sudo' : 'sshd';

/** Counts the lines of which an event is made. */
class CountedEvent extends ReadEvent {
  made = 0;

  override of(...line: Parameters<ReadEvent['of']>): Event {
    this.made++;
    return super.of(...line);
  }
}

/** The same lines, one of both ways. */
class Way {
  readonly pipeline: Pipeline;
  readonly found: Finding[] = [];
  readonly #usual: UsualLines;
  readonly #judge: RowJudge | undefined;
  readonly event = new CountedEvent();
  read = 0;
  readonly #parser = createParsers({ zone: UTC, declared: [] }).get('syslog');

  constructor(isBulk: boolean, settings: CheckSettings, groups: SourceGroups, memory: number) {
    const [lines, windows] = [openLines(), openWindows()];
    assert.ok(lines.ok && windows.ok);
    const engines = windows.value;
    const detectors = createDetectors(settings, { groups, windows: windowsBy(isBulk ? engines : undefined) });
    this.pipeline = new Pipeline(new Map(), detectors, memory);
    this.#judge = isBulk ? new RowJudge({ engines, pipeline: this.pipeline, detectors }) : undefined;
    this.#usual = new UsualLines(lines.value, new FileLines(), UTC, this.#judge);
  }

  take(chunk: Chunk): void {
    this.#usual.each(chunk, {
      read: (lines, first, count) => {
        this.read += count;
        const end = first + count * FIELDS;
        if (this.#judge !== undefined) this.#judge.judge(lines, first, end, this.event, this.found);
        else for (let line = first; line < end; line += FIELDS) this.#one(this.event.of(lines, line));
      },
      line: (line) => {
        const parsed = this.#parser?.(line);
        if (parsed !== undefined && isEvent(parsed)) this.#one(parsed);
      },
    });
  }

  #one(event: Event): void {
    this.found.push(...this.pipeline.judge(event));
  }
}

const OFF = { enabled: false } as never;
const SETTINGS: readonly CheckSettings[] = [
  {},
  { ssh_login_unknown_ip: OFF },
  { ssh_distributed_bruteforce: OFF },
  Object.fromEntries(
    CHECK_NAMES.filter((name) => name.startsWith('ssh_') && name !== 'ssh_distributed_bruteforce').map((name) => [
      name,
      OFF,
    ]),
  ),
  Object.fromEntries(CHECK_NAMES.filter((name) => name.startsWith('ssh_')).map((name) => [name, OFF])),
];

const chunkOf = (lines: readonly string[], about: Pick<Chunk, 'source' | 'offset' | 'receivedAt'>): Chunk => ({
  ...{
    kind: 'chunk',
    sequence: 1,
    parser: 'syslog',
    provenance: 'file',
    bytes: Uint8Array.from(Buffer.from(lines.join(''))),
  },
  ...about,
});

function assertSame([one, bulk]: readonly [Way, Way]): void {
  assert.deepEqual(bulk.found, one.found);
  assert.equal(bulk.pipeline.bytes(), one.pipeline.bytes());
  assert.equal(bulk.pipeline.counters.findings, one.pipeline.counters.findings);
}

test('lines in bulk are judged as one by one: findings, memory and what is stored', () => {
  let [found, read, made] = [0, 0, 0];
  fc.assert(
    fc.property(
      fc.array(record, { minLength: 40, maxLength: 160 }),
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom({ v4: 32, v6: 64 }, { v4: 24, v6: 48 }, { v4: 31, v6: 16 }),
      fc.constantFrom(2_500, 6_000, 2 ** 26),
      fc.constantFrom(...SETTINGS),
      fc.constantFrom(RECEIVED, RECEIVED - 8.2 * 3_600_000),
      (records, pace, groups, memory, settings, receivedAt) => {
        const make = (isBulk: boolean) => new Way(isBulk, settings, groups, memory);
        let ways: readonly [Way, Way] = [make(false), make(true)];
        const stores = [new Map<string, Map<string, unknown>>(), new Map<string, Map<string, unknown>>()] as const;
        let offset = 0;
        for (let at = 0; at < records.length; at += 25) {
          const lines = records.slice(at, at + 25).map(({ form, user, host, port, on }, i) => {
            const second = (at + i) * pace - (i % 9 === 0 ? 40 : 0) + 60;
            const said = form(user, `${host} port ${port}`);
            return `Nov 22 ${clock(second)} ${on} ${programOf(said)}[${at + i + 1}]: ${said}\n`;
          });
          const chunk = chunkOf(lines, { source: `s${at % 3}`, offset, receivedAt });
          for (const way of ways) way.take(chunk);
          offset += chunk.bytes.length;
          assertSame(ways);
          ways.forEach(({ pipeline }, i) => {
            save(pipeline, stores[i as 0 | 1]);
          });
          assert.deepEqual(stores[1], stores[0]);
          if (at % 3 === 1) for (const { pipeline } of ways) pipeline.forget('192.0.2.1' as Ip);
          if (at !== 75) continue;
          found += ways[0].found.length;
          ways = [make(false), make(true)];
          ways.forEach(({ pipeline }, i) => {
            const states = [...stores[i as 0 | 1]].map(([check, entries]) => ({ check, changes: stored(entries) }));
            assert.equal(pipeline.restore(states).skipped, 0);
          });
        }
        const [one, bulk] = ways;
        found += one.found.length;
        read += one.read;
        made += bulk.event.made;
      },
    ),
    { numRuns: 200 },
  );
  assert.ok(found > 300, `${found} findings`);
  assert.ok(made < read / 2, `of ${read} lines events were made of ${made}: that is no bulk`);
});

test('so are they when there are more texts than are remembered', () => {
  const ways = [false, true].map((isBulk) => new Way(isBulk, {}, SOURCE_GROUPS, 2 ** 22)) as [Way, Way];
  let offset = 0;
  for (let piece = 0; piece < 8; piece++) {
    const lines = Array.from({ length: 2_500 }, (_, i) => {
      const number = piece * 2_500 + i;
      const user = number % 3 === 0 ? 'root' : `u${number}`;
      const second = Math.floor(number / 40);
      return `Nov 22 ${clock(second)} h sshd[7]: Failed password for ${user} from 192.0.2.${number % 97} port ${number % 9} ssh2\n`;
    });
    const chunk = chunkOf(lines, { source: 's', offset, receivedAt: RECEIVED });
    for (const way of ways) way.take(chunk);
    offset += chunk.bytes.length;
    assertSame(ways);
  }
  assert.ok(
    ways[0].read > 15_000 && ways[0].found.length > 200,
    `${ways[0].read} lines, ${ways[0].found.length} findings`,
  );
});

function save(pipeline: Pipeline, store: Map<string, Map<string, unknown>>): void {
  for (const { check, changes } of pipeline.snapshot()) {
    const entries = store.get(check) ?? new Map<string, unknown>();
    store.set(check, entries);
    keep(entries, changes);
  }
}
