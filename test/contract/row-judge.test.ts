/** Lines that are judged many at a time, against the same lines one by one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Chunk, FileLines } from '../../actors/pipeline/lines.ts';
import { windowsBy } from '../../actors/pipeline/native-windows.ts';
import { ReadEvent } from '../../actors/pipeline/read-event.ts';
import { RowJudge } from '../../actors/pipeline/row-judge.ts';
import { UsualLines } from '../../actors/pipeline/usual-lines.ts';
import { type CheckSettings, createDetectors } from '../../core/detect/checks.ts';
import type { Finding } from '../../core/detect/finding.ts';
import { Pipeline } from '../../core/detect/pipeline.ts';
import type { SourceGroups } from '../../core/detect/trail/keys.ts';
import { type Event, isEvent } from '../../core/event/event.ts';
import { createParsers } from '../../core/event/parsers.ts';
import { UTC } from '../../core/event/syslog-time.ts';
import { openLines } from '../../native/lines/index.ts';
import { FIELDS } from '../../native/lines/port.ts';
import { openWindows } from '../../native/windows/index.ts';
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
  ),
  user: fc.constantFrom(...USERS),
  // Lines with an IPv6 address are left to the parser.
  host: fc.constantFrom('192.0.2.1', '192.0.2.2', '192.0.2.200', '198.51.100.7', '2001:db8::7'),
  port: fc.integer({ min: 1, max: 4 }),
  on: fc.constantFrom('h', 'h', 'edge2'),
});

/** The same lines, one of both ways. */
class Way {
  readonly pipeline: Pipeline;
  readonly found: Finding[] = [];
  readonly #usual: UsualLines;
  readonly #judge: RowJudge | undefined;
  readonly #event = new ReadEvent();
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
        const end = first + count * FIELDS;
        if (this.#judge !== undefined) this.#judge.judge(lines, first, end, this.#event, this.found);
        else for (let line = first; line < end; line += FIELDS) this.#one(this.#event.of(lines, line));
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

test('lines in bulk are judged as one by one: findings, memory and what is stored', () => {
  let found = 0;
  fc.assert(
    fc.property(
      fc.array(record, { minLength: 40, maxLength: 160 }),
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom({ v4: 32, v6: 64 }, { v4: 24, v6: 48 }),
      fc.constantFrom(2_500, 6_000, 2 ** 26),
      fc.boolean(),
      (records, pace, groups, memory, hasLogins) => {
        const settings: CheckSettings = hasLogins
          ? {}
          : { ssh_login_unknown_ip: { enabled: false, learning: 0 as never, remember: 0 as never } };
        const ways = [false, true].map((isBulk) => new Way(isBulk, settings, groups, memory)) as [Way, Way];
        let offset = 0;
        for (let at = 0; at < records.length; at += 25) {
          const lines = records.slice(at, at + 25).map(({ form, user, host, port, on }, i) => {
            const message = form(user, `${host} port ${port}`);
            return `Nov 22 ${clock((at + i) * pace)} ${on} sshd[${at + i + 1}]: ${message}\n`;
          });
          const bytes = Uint8Array.from(Buffer.from(lines.join('')));
          const chunk: Chunk = {
            ...{ kind: 'chunk', sequence: 1, parser: 'syslog', source: `s${at % 3}`, offset, provenance: 'file' },
            ...{ receivedAt: RECEIVED, bytes },
          };
          for (const way of ways) way.take(chunk);
          offset += bytes.length;
          const [one, bulk] = ways;
          assert.deepEqual(bulk.found, one.found);
          assert.equal(bulk.pipeline.bytes(), one.pipeline.bytes());
          assert.equal(bulk.pipeline.counters.findings, one.pipeline.counters.findings);
          assert.deepEqual(sorted(bulk.pipeline), sorted(one.pipeline));
        }
        found += ways[0].found.length;
      },
    ),
    { numRuns: 150 },
  );
  assert.ok(found > 300, `${found} findings`);
});

const sorted = (pipeline: Pipeline) =>
  pipeline.snapshot().map(({ check, changes }) => [check, new Map(changes.map(([key, value]) => [key, value]))]);
