import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Chunk, FileLines } from '../../actors/pipeline/lines.ts';
import { ReadEvent } from '../../actors/pipeline/read-event.ts';
import { UsualLines } from '../../actors/pipeline/usual-lines.ts';
import type { Event, Parser, RawLine, Unparsed } from '../../core/event/event.ts';
import { createParsers } from '../../core/event/parsers.ts';
import { UTC } from '../../core/event/syslog-time.ts';
import { FIELD, FIELDS, type LineReader } from '../../native/lines/port.ts';
import { fc } from '../support/random.ts';
import { sshdPiece } from '../support/sshd-lines.ts';

const RECEIVED = Date.UTC(2026, 10, 22, 2, 2, 30);
const OFFSET = 1000;

const chunkOf = (text: string, offset = OFFSET): Chunk => ({
  kind: 'chunk',
  sequence: 1,
  parser: 'syslog',
  source: 'aa',
  offset,
  provenance: 'file',
  receivedAt: RECEIVED,
  bytes: Uint8Array.from(Buffer.from(text)),
});

const parserOf = (name: string): Parser => createParsers({ zone: UTC }).get(name) as Parser;

/** What became of each line, in order. */
type Outcome = readonly [offset: number, parsed: Event | Unparsed];

/** @returns outcomes, and how many of them did not need the parser, by action */
function read(lines: UsualLines, chunk: Chunk, parse: Parser) {
  const outcomes: Outcome[] = [];
  const usual = new Map<string, number>();
  lines.each(chunk, {
    read: (taken, first, count) => {
      for (let line = first; line < first + count * FIELDS; line += FIELDS) {
        const event = plain(new ReadEvent().of(taken, line));
        outcomes.push([chunk.offset + (taken.rows[line + FIELD.start] as number), event]);
        usual.set(event.action, (usual.get(event.action) ?? 0) + 1);
      }
    },
    line: (line) => outcomes.push([line.position.offset, parsedBy(parse, line)]),
  });
  return { outcomes, usual };
}

/** Without the fields that it does not have. */
const plain = (event: Event): Event =>
  Object.fromEntries(
    [...Object.entries({ ...event, position: event.position, message: event.message })].filter(
      ([, value]) => value !== undefined,
    ),
  ) as unknown as Event;

const parsedBy = (parse: Parser, line: RawLine): Event | Unparsed =>
  line.flaw === undefined ? parse(line) : { unparsed: line.flaw };

function plainly(chunk: Chunk, parse: Parser): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  new FileLines().each(chunk, (line) => outcomes.push([line.position.offset, parsedBy(parse, line)]));
  return outcomes;
}

/** Of which many are made: each must have been read at least once. */
const OFTEN = {
  sshd: ['ssh_failed_password', 'ssh_invalid_user', 'ssh_accepted_publickey', 'ssh_auth_abandoned'],
  syslog: [
    'ssh_invalid_user',
    'pam_session_opened',
    'pam_session_closed',
    'logind_session_new',
    'sudo_command',
    'su_failed',
  ],
};

const sumOf = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);

/** What reads lines reads them as the parsers do. @param reads whether it reads any */
export function lineSuite(name: string, open: () => LineReader, reads: boolean): void {
  for (const parser of ['syslog', 'sshd'] as const) {
    test(`${name}: any piece of a log gives the events that the parser ${parser} makes of its lines`, () => {
      const lines = new UsualLines(open(), new FileLines(), UTC);
      const parse = parserOf(parser);
      const usual = new Map<string, number>();
      fc.assert(
        fc.property(sshdPiece, fc.boolean(), (text, isFlawed) => {
          const flaw = { kind: 'too-long', offset: OFFSET + text.length } as const;
          const chunk = { ...chunkOf(text), parser, ...(isFlawed && { flaw }) };
          const got = read(lines, chunk, parse);
          for (const [action, count] of got.usual) usual.set(action, (usual.get(action) ?? 0) + count);
          assert.deepEqual(got.outcomes, plainly(chunk, parserOf(parser)));
        }),
        { numRuns: reads ? 400 : 30 },
      );
      assert.deepEqual(
        OFTEN[parser].filter((action) => usual.has(action)),
        reads ? OFTEN[parser] : [],
      );
    });
  }

  for (const form of ['bsd', 'iso'] as const)
    test(`${name}: the usual lines need no parser, whatever stands between them (${form})`, () => {
      const text = Array.from({ length: reads ? 6000 : 300 }, (_, i) => usualLine(i, form)).join('');
      const { outcomes, usual } = read(new UsualLines(open(), new FileLines(), UTC), chunkOf(text), parserOf('syslog'));
      assert.deepEqual(outcomes, plainly(chunkOf(text), parserOf('syslog')));
      assert.equal(sumOf(usual), reads ? 5700 : 0);
    });

  test(`${name}: more names than are remembered are told apart all the same`, () => {
    const lines = new UsualLines(open(), new FileLines(), UTC);
    const parse = parserOf('syslog');
    for (let piece = 0; piece < 3; piece++) {
      const text = Array.from(
        { length: reads ? 20_000 : 100 },
        (_, i) => `Nov 22 01:02:03 h sshd[1]: Invalid user u${piece}-${i} from 192.0.2.1 port 4\n`,
      ).join('');
      const chunk = chunkOf(text, piece * 10_000_000);
      assert.deepEqual(read(lines, chunk, parse).outcomes, plainly(chunk, parse));
    }
  });

  test(`${name}: lines of a year ago, or of another form of time, are left to the parser`, () => {
    const lines = new UsualLines(open(), new FileLines(), UTC);
    const parse = parserOf('syslog');
    for (const time of [
      'Nov 24 01:02:03',
      '2026-02-30T01:02:03Z',
      '1969-12-31T23:59:59Z',
      'Feb 30 01:02:03',
      '<34>1 2026-11-22T01:02:03Z',
    ]) {
      const chunk = chunkOf(`${time} h sshd[1]: Invalid user a from 192.0.2.1 port 4\n`.repeat(3));
      assert.deepEqual(read(lines, chunk, parse).outcomes, plainly(chunk, parse));
    }
  });
}

const SESSIONS = [
  'CRON[7]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)',
  'CRON: pam_unix(cron:session): session closed for user root',
  'systemd-logind[612]: New session 12 of user ops.',
  'sudo:      ops : TTY=pts/0 ; PWD=/home/ops ; USER=root ; COMMAND=/usr/bin/id',
  'su[7]: FAILED SU (to root) ops on pts/1',
  'sudo[0]:      ops : PWD=/ ; USER=root ; COMMAND=/usr/bin/id -u',
];

function usualLine(i: number, form: 'bsd' | 'iso'): string {
  const time = new Date(RECEIVED - 3_600_000 + i * 401).toISOString();
  const head = form === 'bsd' ? `Nov 22 ${time.slice(11, 19)} edge01 ` : `${time.slice(0, 23)}987+01:00 edge01 `;
  const address = i % 7 === 0 ? `2001:db8:${(i % 250).toString(16)}::${i.toString(16)}` : `198.51.100.${i % 250}`;
  const peer = `${address} port ${1024 + i}`;
  switch (i % 10) {
    case 0:
      if (i % 20 === 0) return `${head}kernel: [    1.5] eth0: link up\n`;
      return `${head}${SESSIONS[(i >> 4) % SESSIONS.length]}\n`;
    case 1:
      return `${head}sshd[${i}]: Accepted publickey for ops from ${peer} ssh2: ED25519 SHA256:abc\n`;
    case 2:
      return `${head}sshd[${i}]: pam_unix(sshd:session): session opened for user ops(uid=1000) by (uid=0)\n`;
    case 3:
      return `${head}sshd[${i}]: Connection closed by authenticating user u${i % 90} ${peer} [preauth]\n`;
    case 4:
      return `${head}sshd[${i}]: Invalid user u${i % 90} from ${peer}\n`;
    default:
      return `${head}sshd[${i}]: Failed password for invalid user u${i % 90} from ${peer} ssh2\n`;
  }
}
