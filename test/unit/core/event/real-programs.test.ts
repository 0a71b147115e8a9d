import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { millis } from '../../../../core/base/time.ts';
import { type Event, isEvent, type Parser, type RawLine, type Sender } from '../../../../core/event/event.ts';
import { createParsers } from '../../../../core/event/parsers.ts';
import { parseSyslog } from '../../../../core/event/syslog.ts';
import { UTC } from '../../../../core/event/syslog-time.ts';
import { summaryOf } from '../../../support/event-summary.ts';
import { golden } from '../../../support/golden.ts';
import { ROOT } from '../../../support/root.ts';

/** What real programs wrote; see the README there. */
const FOLDER = 'test/fixtures/programs';
const NOW = millis(Date.UTC(2026, 10, 22, 12));
const parsers = createParsers({ zone: UTC });

const linesOf = (name: string): readonly string[] =>
  readFileSync(join(ROOT, FOLDER, name), 'utf8')
    .split('\n')
    .slice(0, -1);

const parserNamed = (name: string): Parser => parsers.get(name) ?? assert.fail(`no parser ${name}`);

const lineOf = (text: string, more: Partial<RawLine> = {}): RawLine => ({
  text,
  position: { source: 'f', offset: 0 },
  receivedAt: NOW,
  provenance: 'file',
  ...more,
});

/** The unit in which the distribution runs what has this executable; the programs here were started by hand. */
const UNITS: readonly (readonly [exe: string, unit: string])[] = [
  ['/usr/lib/openssh/', 'ssh.service'],
  ['/usr/sbin/sshd', 'ssh.service'],
  ['/usr/lib/dovecot/', 'dovecot.service'],
  ['/usr/sbin/dovecot', 'dovecot.service'],
  ['/usr/sbin/exim4', 'exim4.service'],
  ['/usr/lib/postfix/', 'postfix@-.service'],
  ['/usr/sbin/proftpd', 'proftpd.service'],
  ['/usr/sbin/vsftpd', 'vsftpd.service'],
  ['/usr/sbin/nginx', 'nginx.service'],
];

const unitOf = (exe: string): string => UNITS.find(([opening]) => exe.startsWith(opening))?.[1] ?? 'session-3.scope';

/** `UID⇥EXECUTABLE⇥LINE`, as a journal would give it: the header apart, and what it knows of the sender. */
function fromJournal(row: string): RawLine {
  const [uid = '', exe = '', text = ''] = row.split('\t');
  const written = parseSyslog(text, NOW, UTC);
  assert.ok('message' in written, text);
  const { at, host, program, pid, message } = written;
  const sender: Sender = { uid: Number(uid), transport: 'syslog', ...(exe === '-' ? {} : { exe, unit: unitOf(exe) }) };
  const header = {
    at,
    ...(host === undefined ? {} : { host }),
    ...(program === undefined ? {} : { program }),
    ...(pid === undefined ? {} : { pid }),
  };
  return lineOf(message, { header, sender, provenance: 'journal' });
}

const goldenOf = (name: string): string => `${FOLDER}/${name.replace('.txt', '.events')}`;

for (const name of readdirSync(join(ROOT, FOLDER)).filter((file) => /^debian-.*\.txt$/.test(file)))
  test(`${name}: what the programs said is read, and who said it`, () => {
    const parse = parserNamed('syslog');
    const summaries = linesOf(name).map((row) => {
      const line = fromJournal(row);
      const parsed = parse(line);
      const proof = isEvent(parsed) && parsed.provenance === 'spoofable' ? ' SPOOFABLE' : '';
      return `${line.header?.program}: ${summaryOf(parsed)}${proof}`;
    });
    golden(goldenOf(name), `${summaries.join('\n')}\n`);
  });

test('a message is the same event from a file and from the journal', () => {
  const parse = parserNamed('syslog');
  const without = ({ provenance: _, host: __, ...event }: Event) => event;
  for (const name of readdirSync(join(ROOT, FOLDER)).filter((file) => /^debian-.*\.txt$/.test(file))) {
    for (const row of linesOf(name)) {
      const [journal, file] = [parse(fromJournal(row)), parse(lineOf(row.split('\t')[2] ?? ''))];
      if (isEvent(journal) && isEvent(file)) assert.deepEqual(without(journal), without(file), row);
      else assert.deepEqual(journal, file, row);
    }
  }
});

const OWN: Readonly<Record<string, string>> = {
  'own-exim-mainlog.txt': 'exim',
  'own-proftpd.txt': 'proftpd',
  'own-vsftpd.txt': 'vsftpd',
  'own-nginx-error.txt': 'nginx-error',
  'own-nginx-access.txt': 'nginx-access',
  'own-apache-error.txt': 'apache-error',
  'own-apache-combined.txt': 'apache-access',
  'own-apache-common.txt': 'apache-access',
  'own-apache-vhost-combined.txt': 'apache-access',
};

for (const [name, parser] of Object.entries(OWN))
  test(`${name}: a file that the program writes itself is read`, () => {
    const parse = parserNamed(parser);
    const summaries = linesOf(name).map((text) => {
      const parsed = parse(lineOf(text));
      if (isEvent(parsed)) assert.equal(parsed.at - (parsed.at % 86_400_000), Date.UTC(2026, 10, 22), text);
      return summaryOf(parsed);
    });
    golden(goldenOf(name), `${summaries.join('\n')}\n`);
  });

test('no address but that of a client that connected is ever the source', () => {
  const clients = new Set(['203.0.113.7', '203.0.113.9', '2001:db8::7', '127.0.0.1', undefined]);
  for (const [name, parser] of Object.entries(OWN)) {
    for (const text of linesOf(name)) {
      const parsed = parserNamed(parser)(lineOf(text));
      if (isEvent(parsed)) assert.ok(clients.has(parsed.sourceIp), `${parsed.sourceIp}: ${text}`);
    }
  }
  for (const name of readdirSync(join(ROOT, FOLDER)).filter((file) => /^debian-.*\.txt$/.test(file))) {
    for (const row of linesOf(name)) {
      const parsed = parserNamed('syslog')(fromJournal(row));
      const isForged = isEvent(parsed) && parsed.provenance === 'spoofable' && parsed.sourceIp === '192.0.2.1';
      if (isEvent(parsed) && !isForged) assert.ok(clients.has(parsed.sourceIp), `${parsed.sourceIp}: ${row}`);
    }
  }
});
