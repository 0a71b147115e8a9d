import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseIp } from '../../core/base/ip.ts';
import { millis } from '../../core/base/time.ts';
import { ACTION_LISTS } from '../../core/event/action-lists.ts';
import type { ParserDeclaration } from '../../core/event/declared/declaration.ts';
import { type Event, isEvent, MAX_AHEAD, type Parser, type RawLine } from '../../core/event/event.ts';
import { createParsers, PARSER_NAMES, PARSERS, type ParserInfo } from '../../core/event/parsers.ts';
import { SSHD_MESSAGES } from '../fixtures/sshd-messages.ts';
import { fuzz, linesOf, type Mutator } from './fuzz.ts';
import { GRAMMARS, JSON_FORMAT } from './grammars.ts';
import { ROOT } from './root.ts';

const NOW = millis(Date.UTC(2026, 10, 22, 12));

/** The kept corpus: what programs really wrote, their grammars, and syslog headers good and bad. */
function corpus(): readonly Uint8Array[] {
  const folder = join(ROOT, 'test/fixtures/programs');
  const real = readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .flatMap((name) => linesOf(readFileSync(join(folder, name), 'utf8').replace(/^\d+\t[^\t]*\t/gm, '')));
  const talker = { ip: '203.0.113.7', port: 4242, user: 'ad min"[', text: 'x, client: 192.0.2.9' };
  const made = GRAMMARS.flatMap(({ lines }) => lines.map((line) => line(talker)));
  const ssh = SSHD_MESSAGES.map(([message]) => `Nov 22 01:02:03 edge sshd[12]: ${message}`);
  const kept = ['syslog.txt', 'parsers.txt'].map((name) =>
    readFileSync(join(ROOT, 'test/fixtures/fuzz', name), 'utf8'),
  );
  return [...real, ...linesOf([...made, ...ssh, ...kept].join('\n'))];
}

const DECLARED: readonly ParserDeclaration[] = [
  {
    name: 'declared-messages',
    programs: ['*'],
    messages: [
      {
        regex: '(?P<user>\\S*) from \\[?(?P<source_ip>[0-9a-f.:]+)\\]?(?::| port )(?P<source_port>\\d+)(?P<rest>.*)',
        action: 'made_up',
        category: 'other',
        outcome: 'unknown',
      },
      { regex: '(?P<word>.+)', action: 'made_up', category: 'other', outcome: 'unknown' },
    ],
  },
  { name: 'declared-json', nginx_log_format: JSON_FORMAT },
  { name: 'declared-apache', apache_log_format: '%v:%p %h %l %u %{%FT%T%z}t "%m %U%q" %>s %b' },
];

const isDeclared = (name: string): boolean => name.startsWith('declared-');

/** The words a parser may say; `undefined` when they are the operator's. */
function vocabulary(name: string): ReadonlySet<string> | undefined {
  const info: ParserInfo | undefined = PARSER_NAMES.includes(name as never)
    ? PARSERS[name as keyof typeof PARSERS]
    : undefined;
  return info && new Set(info.says.flatMap((list) => Object.keys(ACTION_LISTS[list].actions)));
}

/** Fields that hold the product's words or addresses in their canonical form, which may be longer than what was written. */
const OUR_WORDS = new Set([
  'provenance',
  'category',
  'action',
  'outcome',
  'program',
  'service',
  'sourceIp',
  'destinationIp',
]);

export function assertSound(event: Event, text: string): void {
  assert.ok(event.at >= 0 && event.at <= NOW + MAX_AHEAD && Number.isInteger(event.at), text);
  assert.ok(text.includes(event.message), text);
  for (const ip of [event.sourceIp, event.destinationIp]) {
    const parsed = ip === undefined ? undefined : parseIp(ip);
    assert.ok(parsed === undefined || (parsed.ok && parsed.value.text === ip), `${ip}: ${text}`);
  }
  for (const port of [event.sourcePort, event.destinationPort]) {
    assert.ok(port === undefined || (Number.isInteger(port) && port > 0 && port < 65_536), text);
  }
  assert.ok(event.repeats === undefined || (event.repeats >= 2 && event.repeats <= 1e9), text);
  for (const [name, value] of Object.entries({ ...event, ...event.http, ...event.fields })) {
    assert.ok(value !== undefined && (value !== '' || name === 'message'), `${name} is empty: ${text}`);
    const isOurs = OUR_WORDS.has(name);
    if (typeof value === 'string' && !isOurs) assert.ok(value.length <= text.length, `${name}: ${text}`);
  }
}

const lineOf = (text: string, header: boolean): RawLine => ({
  text,
  position: { source: 'f', offset: 0 },
  receivedAt: NOW,
  provenance: header ? 'journal' : 'file',
  ...(header && {
    header: { at: NOW, program: 'sshd' },
    sender: { uid: 0, exe: '/usr/sbin/sshd', unit: 'ssh.service' },
  }),
});

const LONG = 64 * 1024;
/** A few nanoseconds a character is usual; a quadratic reader takes seconds. */
const LONGEST_MS = 150;
const EVERY = 40;

/** The text with a piece of it repeated in place, `LONG` characters in all: what makes a careless reader start over. */
function swollen(text: string, mutator: Mutator): string {
  const [start, end] = [mutator.below(text.length + 1), mutator.below(text.length + 1)].sort((a, b) => a - b) as [
    number,
    number,
  ];
  const piece = text.slice(start, end) || 'x';
  return text.slice(0, start) + piece.repeat(Math.ceil(LONG / piece.length)).slice(0, LONG) + text.slice(end);
}

/** The best of three counts, since the machine may be busy elsewhere. */
function assertLinear(parse: Parser, text: string): void {
  const line = lineOf(text, false);
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3 && best > LONGEST_MS; i++) {
    const began = performance.now();
    parse(line);
    best = Math.min(best, performance.now() - began);
  }
  assert.ok(best <= LONGEST_MS, `${best} ms for ${text.length} characters of: ${text.slice(0, 300)}`);
}

const zone = (utc: number): number => (utc % 7_200_000 < 3_600_000 ? 3_600_000 : 7_200_000);

/** Half of them, so that the halves can run side by side. */
export const PARSERS_OF_LOGINS: ReadonlySet<string> = new Set([
  'syslog',
  'sshd',
  'pam',
  'sudo',
  'su',
  'login',
  'systemd-logind',
  'kernel',
  'declared-messages',
]);

/** A fuzz target for each of these parsers: any line gives a sound event or a reason, in linear time. */
export function fuzzParsers(isWanted: (name: string) => boolean): void {
  for (const [name, parse] of createParsers({ zone, declared: DECLARED })) {
    if (isWanted(name))
      test(`${name}: any line gives a sound event or a reason, in linear time`, () => fuzzParser(name, parse));
  }
}

function fuzzParser(name: string, parse: Parser): void {
  const words = vocabulary(name);
  assert.ok(words !== undefined || isDeclared(name));
  const decoder = new TextDecoder();
  const seeds = corpus();
  const own = seeds.filter((bytes) => isEvent(parse(lineOf(decoder.decode(bytes), false))));
  const lines = own.length > 0 ? [...own, ...own, ...seeds.slice(0, own.length)] : seeds;
  let runs = 0;
  let events = 0;
  fuzz(`parser-${name}`, lines, (mutator) => {
    const text = decoder.decode(mutator.mutant());
    const parsed = parse(lineOf(text, mutator.below(4) === 0));
    if (++runs % EVERY === 0) assertLinear(parse, swollen(text, mutator));
    if (!isEvent(parsed)) return;
    events++;
    // The parser `syslog` leaves what it cannot read to the declared ones.
    const isDeclaredAction = (words === undefined || name === 'syslog') && /^(?:made_up|http_)/.test(parsed.action);
    const isOurs = words?.has(parsed.action) === true || isDeclaredAction;
    assert.ok(isOurs, text);
    assertSound(parsed, text);
  });
  assert.ok(events > runs / 20, `only ${events} of ${runs} lines were events`);
}
