import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldSink } from '../../../../actors/daemon/held-sink.ts';
import { JournalLead } from '../../../../actors/daemon/journal-lead.ts';
import type { Chunk } from '../../../../actors/watchers/files/index.ts';
import type { ComponentState } from '../../../../core/base/component.ts';
import { days, millis, minutes, seconds } from '../../../../core/base/time.ts';
import { FakeJournald } from '../../../../native/journal/fake.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const FAILED = 'Failed password for root from 192.0.2.7 port 1 ssh2';

function bench() {
  const clock = new SimulatedClock();
  const files = ['syslog', 'syslog', 'shop', 'file', 'nginx-access'].map((parser) => ({ parser }));
  const messages = [{ regex: 'x', action: 'shop_x', category: 'other', outcome: 'unknown' }] as const;
  const parsers = [
    { name: 'shop', programs: ['shopd'], units: ['shop.service'], messages },
    { name: 'file', programs: ['filed'], messages },
  ];
  const lead = new JournalLead({ hostname: 'edge01.example.net', parsers, watchers: { files } }, clock);
  const hear = (state: ComponentState) =>
    lead.hear({ name: 'journal:system', state, since: clock.now(), counters: {} });
  const told = (parser: string) => [...(lead.told(parser)?.programs ?? [])];
  return { clock, lead, hear, told };
}

test('of a file by its parser, whatever its path; declared parsers too; a log without programs not', () => {
  const { lead, hear, told } = bench();
  hear('ok');
  assert.deepEqual(told('syslog'), []);
  lead.seen([
    { program: 'sshd' },
    { program: 'postfix/smtpd' },
    { program: 'shopd' },
    { program: 'filed' },
    { program: 'nginx' },
  ]);
  assert.deepEqual(told('syslog'), ['sshd', 'postfix/smtpd', 'nginx']);
  assert.deepEqual(told('shop'), ['shopd']);
  assert.deepEqual([told('file'), told('nginx-access')], [[], []]);
  assert.ok(lead.ownHosts.includes('edge01') && lead.ownHosts.includes('edge01.example.net'));
});

test('the journal leads while it is read, with losses too; otherwise the files tell everything', () => {
  const { lead, hear, told } = bench();
  lead.seen([{ program: 'sshd' }]);
  for (const [state, expected] of [
    ['ok', ['sshd']],
    ['degraded', ['sshd']],
    ['failed', []],
    ['ok', ['sshd']],
    ['waiting', []],
  ] as const) {
    hear(state);
    assert.deepEqual(told('syslog'), expected, state);
  }
});

test('files wait until the journal was read to its end, after each start, and not for ever', async () => {
  const { clock, lead, hear } = bench();
  const taken: string[] = [];
  const sink = new HeldSink({ submit: async ({ path }) => void taken.push(path) }, lead);
  const submit = (path: string) => sink.submit({ path } as Chunk);
  sink.open();
  lead.begin();
  const first = submit('a');
  hear('starting');
  await settled();
  assert.deepEqual(taken, []);
  hear('ok');
  await first;
  lead.begin();
  const second = submit('b');
  sink.close();
  await assert.rejects(second, /stopped/);
  hear('ok');
  await settled();
  assert.deepEqual(taken, ['a'], 'what was held when the source stopped is read again, not taken');
  sink.open();
  lead.begin();
  const third = submit('c');
  clock.advance(minutes(5));
  await third;
  assert.deepEqual(taken, ['a', 'c']);
});

test('what the journal does not give stands in the files: older than its start, and what it lost', () => {
  const { clock, lead, hear } = bench();
  clock.advance(millis(700));
  hear('ok');
  lead.seen([{ program: 'sshd' }]);
  const now = clock.now();
  lead.beginsHere();
  lead.lost({ why: 'vacuumed', after: millis(5), before: millis(2900), atMost: 3 });
  lead.lost({ why: 'missing', after: millis(7), before: millis(8), atMost: 1 });
  clock.advance(seconds(2));
  lead.lost({ why: 'replaced', after: millis(9) });
  assert.deepEqual(lead.told('syslog')?.gaps, [
    { from: 0, until: now - 700 },
    { from: 5, until: 2000 },
    { from: 9, until: now - 700 + 2000 },
  ]);
});

test('the journal is asked at the start which programs it carries lately', async () => {
  const { clock, lead, hear, told } = bench();
  const journald = new FakeJournald(clock);
  const log = (program: string, message: string, sender: Readonly<Record<string, string>>): void =>
    journald.append({ fields: { SYSLOG_IDENTIFIER: program, MESSAGE: message, ...sender } });
  const sudo = { _UID: '0', _EXE: '/usr/bin/sudo' };
  log('sudo', 'bob : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/id', sudo);
  clock.advance(days(8));
  log('shopd', 'x', { _UID: '7', _SYSTEMD_UNIT: 'shop.service' });
  log('su', FAILED, { _UID: '1000', _EXE: '/usr/bin/logger' });
  log('sshd', FAILED, { _UID: '1000', _EXE: '/usr/bin/logger' });
  log('sshd', FAILED, { _UID: '0', _EXE: '/usr/sbin/sshd' });
  log('somebody', 'x', {});
  await lead.ask(async (options) => journald.open(options), { kind: 'system' });
  hear('ok');
  assert.deepEqual([told('syslog'), told('shop')], [['sshd'], ['shopd']]);
  journald.installed = false;
  await lead.ask(async (options) => journald.open(options), { kind: 'system' });
});
