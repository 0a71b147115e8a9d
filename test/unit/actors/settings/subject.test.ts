import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SettingsProposal } from '../../../../actors/settings/index.ts';
import { fail } from '../../../../core/base/result.ts';
import { minutes } from '../../../../core/base/time.ts';
import type { Change } from '../../../../core/change/change.ts';
import { SettingsBench } from '../../../support/settings-bench.ts';

const TEXT = `# the office
infra_ips: [192.0.2.1] # gateway
firewall:
  enabled: true
`;

const DENY = [{ path: 'firewall.denied_networks', value: ['203.0.113.0/24'] }];

async function prepared(bench: SettingsBench, proposal: Partial<SettingsProposal> = { changes: DENY }) {
  const made = await bench.subject.prepare({ over: bench.etag, restart: false, ...proposal });
  assert.ok(made.ok, made.ok ? '' : made.public);
  return made.value;
}

async function onTrial(bench: SettingsBench, proposal?: Partial<SettingsProposal>) {
  const { plan, snapshot, parts, before, after } = await prepared(bench, proposal);
  const change = { id: 'c1', parts, before, after } as unknown as Change;
  const ends = bench.clock.now() + minutes(5);
  const time = { id: change.id, left: () => minutes((ends - bench.clock.now()) / 60_000) };
  const applied = await bench.subject.apply(plan, time);
  return { change, snapshot, applied, time };
}

test('a proposal is judged and changes nothing', async () => {
  const bench = new SettingsBench(TEXT);
  const { summary, parts, spans, snapshot, before, after } = await prepared(bench);
  assert.deepEqual([summary, parts, spans], ['firewall.denied_networks', ['firewall.denied_networks'], 'nothing']);
  assert.equal(before, `sha256:${bench.etag}`);
  assert.notEqual(after, before);
  const [file] = snapshot.files;
  assert.equal(new TextDecoder().decode(file?.content), TEXT);
  assert.equal(snapshot.ruleset, 'infra 192.0.2.1\ndenied \n');
  assert.deepEqual([bench.file.disk, bench.firewall.asked, bench.file.held], [TEXT, [], undefined]);
});

test('settings that make no rules leave the kernel alone', async () => {
  const bench = new SettingsBench(TEXT);
  const proposal = { changes: [{ path: 'webui.listen', value: '0.0.0.0:9443' }], restart: true };
  const { spans, snapshot } = await prepared(bench, proposal);
  assert.deepEqual([spans, snapshot.ruleset], ['restart', undefined]);
  const { applied } = await onTrial(new SettingsBench(TEXT), proposal);
  assert.deepEqual(applied, { ok: true, value: { takesEffect: 'restart' } });
});

for (const { name, proposal, code } of [
  { name: 'of a file that was changed since', proposal: { changes: DENY, over: 'other' }, code: 'stale' },
  {
    name: 'that changes nothing',
    proposal: { changes: [{ path: 'infra_ips', value: ['192.0.2.1'] }] },
    code: 'invalid',
  },
  { name: 'with a wrong value', proposal: { changes: [{ path: 'firewall.max_blocks', value: 0 }] }, code: 'invalid' },
]) {
  test(`a proposal ${name} is ${code}`, async () => {
    const bench = new SettingsBench(TEXT);
    const made = await bench.subject.prepare({ over: bench.etag, restart: false, ...proposal });
    assert.equal(made.ok ? '' : made.code, code);
  });
}

test('on trial the kernel judges by the candidate, the file says it, the parts go by it, nobody else writes', async () => {
  const bench = new SettingsBench(TEXT);
  const { change, snapshot } = await onTrial(bench);
  assert.deepEqual(bench.firewall.judging, { infra: ['192.0.2.1'], denied: ['203.0.113.0/24'] });
  assert.match(bench.file.disk, /^# the office\ninfra_ips: \[192\.0\.2\.1\] # gateway\n/);
  assert.deepEqual(bench.followed.at(-1)?.firewall.denied_networks, ['203.0.113.0/24']);
  assert.deepEqual(await bench.subject.look(change, snapshot), { ok: true, value: 'after' });
  const other = await bench.file.change([{ path: 'log.level', value: 'debug' }]);
  assert.equal(other.ok ? '' : other.code, 'held');
});

const LIST = [{ path: 'lists', value: [{ name: 'bad', source: '/srv/bad' }] }];

test('a list is read before it is tried, and held by the kernel before anything is probed', async () => {
  const bench = new SettingsBench(TEXT);
  const { applied, change, snapshot, time } = await onTrial(bench, { changes: LIST });
  assert.ok(applied.ok);
  assert.deepEqual([bench.fetched, bench.firewall.asked], [['bad'], ['arm', 'lists bad']]);
  await bench.subject.resume(change, time, snapshot);
  assert.deepEqual(bench.firewall.asked.slice(2), ['arm', 'lists bad']);
});

test('a list that only counts, or stood before, is not waited for', async () => {
  const bench = new SettingsBench(TEXT);
  await onTrial(bench, { changes: [{ path: 'lists', value: [{ name: 'bad', source: '/srv/bad', mode: 'count' }] }] });
  assert.deepEqual([bench.fetched, bench.firewall.asked], [[], ['arm']]);
});

test('a list that cannot be read is not tried', async () => {
  const bench = new SettingsBench(TEXT);
  bench.fetching = fail('failed', 'the list bad cannot be tried: it is gone');
  const made = await bench.subject.prepare({ over: bench.etag, restart: false, changes: LIST });
  assert.deepEqual(made.ok ? [] : [made.code, made.public], ['invalid', 'the list bad cannot be tried: it is gone']);
  assert.deepEqual([bench.file.disk, bench.firewall.asked], [TEXT, []]);
});

test('confirmed, both stay; done again it is the same', async () => {
  const bench = new SettingsBench(TEXT);
  const { change, snapshot } = await onTrial(bench);
  for (let i = 0; i < 2; i++) assert.ok((await bench.subject.confirm(change)).ok);
  assert.deepEqual(bench.firewall.confirmed.denied, ['203.0.113.0/24']);
  assert.deepEqual(await bench.subject.look(change, snapshot), { ok: true, value: 'after' });
  assert.equal(bench.file.held, undefined);
});

test('reverted, both are as they were, byte for byte; done again it is the same', async () => {
  const bench = new SettingsBench(TEXT);
  const { change, snapshot } = await onTrial(bench);
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(await bench.subject.revert(change, snapshot), { ok: true, value: { takesEffect: 'now' } });
  }
  assert.equal(bench.file.disk, TEXT);
  assert.equal(bench.etag, change.before.slice('sha256:'.length));
  assert.deepEqual(bench.firewall.judging, { infra: ['192.0.2.1'], denied: [] });
  assert.deepEqual(await bench.subject.look(change, snapshot), { ok: true, value: 'before' });
  assert.deepEqual([bench.followed.at(-1)?.firewall.denied_networks, bench.file.held], [[], undefined]);
});

test('a revert that the kernel refused is done when it is tried again, the parts included', async () => {
  const bench = new SettingsBench(TEXT);
  const { change, snapshot } = await onTrial(bench);
  bench.firewall.isBroken = true;
  assert.equal((await bench.subject.revert(change, snapshot)).ok, false);
  assert.deepEqual([bench.file.disk, bench.followed.length], [TEXT, 1]);
  assert.ok(bench.file.held);
  bench.firewall.isBroken = false;
  assert.ok((await bench.subject.revert(change, snapshot)).ok);
  assert.deepEqual(bench.followed.at(-1)?.firewall.denied_networks, []);
});

test('when the kernel has fallen back while the file has not, neither state is in place', async () => {
  const bench = new SettingsBench(TEXT);
  const { change, snapshot } = await onTrial(bench);
  bench.clock.advance(minutes(5));
  assert.deepEqual(await bench.subject.look(change, snapshot), { ok: true, value: 'neither' });
});

test('an edit during the trial is kept beside the file and said', async () => {
  const bench = new SettingsBench(TEXT);
  const { change, snapshot } = await onTrial(bench);
  bench.file.disk = '# theirs\n';
  assert.deepEqual(await bench.subject.look(change, snapshot), { ok: true, value: 'neither' });
  assert.ok((await bench.subject.revert(change, snapshot)).ok);
  assert.equal(bench.file.disk, TEXT);
  assert.equal(bench.file.copies.get('kept-c1'), '# theirs\n');
  assert.deepEqual(bench.logs, ['the config was edited during a trial that is taken back']);
});

test('a kernel that refuses leaves the file alone, a disk that refuses the kernel', async () => {
  const bench = new SettingsBench(TEXT);
  bench.firewall.isBroken = true;
  assert.equal((await onTrial(bench)).applied.ok, false);
  bench.firewall.isBroken = false;
  bench.file.isFull = true;
  assert.equal((await onTrial(bench)).applied.ok, false);
  assert.deepEqual([bench.file.disk, bench.firewall.judging.denied, bench.file.held], [TEXT, [], undefined]);
});

test('a start during the trial guards the kernel again for what is left', async () => {
  const bench = new SettingsBench(TEXT);
  const { change, time, snapshot } = await onTrial(bench);
  const again = new SettingsBench(bench.file.disk, bench.clock);
  assert.ok((await again.subject.resume(change, time, snapshot)).ok);
  assert.deepEqual(again.firewall.judging.denied, ['203.0.113.0/24']);
  assert.ok(again.file.held);
  bench.clock.advance(minutes(5));
  assert.deepEqual(again.firewall.judging, again.firewall.confirmed);
});

test('a confirmation that was cut off is no confirmation: the kernel falls back to what was before the trial', async () => {
  const bench = new SettingsBench(TEXT);
  const { change, time, snapshot } = await onTrial(bench);
  assert.ok((await bench.subject.confirm(change)).ok);
  assert.ok((await bench.subject.resume(change, time, snapshot)).ok);
  assert.deepEqual(bench.firewall.judging.denied, ['203.0.113.0/24']);
  bench.clock.advance(minutes(5));
  assert.deepEqual(bench.firewall.judging.denied, []);
  assert.ok((await bench.subject.confirm(change)).ok);
  assert.ok((await bench.subject.revert(change, snapshot)).ok);
  assert.deepEqual(await bench.subject.look(change, snapshot), { ok: true, value: 'before' });
});

const EVERYBODY = { infra: ['0.0.0.0/0', '::/0'], denied: [] };
const OFF = TEXT.replace('enabled: true', 'enabled: false\n  denied_networks: [0.0.0.0/0]');
const ON_AND_OFF = { infra: ['192.0.2.1'], denied: ['0.0.0.0/0'] };

test('to switch the firewall on is to put on trial what was written while it was off', async () => {
  const bench = new SettingsBench(OFF);
  const { change, snapshot, time } = await onTrial(bench, { changes: [{ path: 'firewall.enabled', value: true }] });
  assert.deepEqual(bench.firewall.judging, ON_AND_OFF);
  assert.equal(snapshot.ruleset, 'none\n');
  assert.ok((await bench.subject.resume(change, time, snapshot)).ok);
  bench.clock.advance(minutes(5));
  assert.deepEqual(bench.firewall.judging, EVERYBODY);
  assert.ok((await bench.subject.revert(change, snapshot)).ok);
  assert.equal(bench.followed.at(-1)?.firewall.enabled, false);
  assert.deepEqual(bench.firewall.confirmed, ON_AND_OFF, 'what holds when it is switched on in another way');
});

test('switched off on trial, the kernel lets everybody in until it judges as before', async () => {
  const bench = new SettingsBench(OFF.replace('enabled: false', 'enabled: true'));
  const proposal = { changes: [{ path: 'firewall.enabled', value: false }] };
  const reverted = await onTrial(bench, proposal);
  assert.deepEqual(bench.firewall.judging, EVERYBODY);
  assert.ok((await bench.subject.revert(reverted.change, reverted.snapshot)).ok);
  assert.deepEqual(bench.firewall.judging, ON_AND_OFF);
  const { change } = await onTrial(bench, proposal);
  assert.ok((await bench.subject.confirm(change)).ok);
  assert.deepEqual(bench.firewall.confirmed, ON_AND_OFF, 'what holds when it is switched on in another way');
});

test('a revert wants a restart where the process runs with what is taken back', async () => {
  const proposal = { changes: [{ path: 'webui.listen', value: '0.0.0.0:9443' }], restart: true };
  const bench = new SettingsBench(TEXT);
  const { change, snapshot } = await onTrial(bench, proposal);
  const again = new SettingsBench(bench.file.disk);
  assert.deepEqual(await again.subject.revert(change, snapshot), { ok: true, value: { takesEffect: 'restart' } });
  assert.deepEqual(await bench.subject.revert(change, snapshot), { ok: true, value: { takesEffect: 'now' } });
});

test('what another hand wrote is tried as it stands, and a copy of it is kept', async () => {
  const bench = new SettingsBench(TEXT);
  const edited = TEXT.replace('# the office', '# the office, moved').replace('192.0.2.1', '192.0.2.2');
  bench.file.disk = edited;
  const disk = await bench.file.look();
  assert.ok(disk.ok);
  const { change, snapshot } = await onTrial(bench, { over: disk.value.hash });
  assert.deepEqual([bench.file.disk, bench.firewall.judging.infra], [edited, ['192.0.2.2']]);
  assert.ok((await bench.subject.revert(change, snapshot)).ok);
  assert.deepEqual([bench.file.disk, bench.file.copies.get('edited')], [TEXT, edited]);
});
