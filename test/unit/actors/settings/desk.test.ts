import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SettingsOrder } from '../../../../core/api/settings.ts';
import { minutes } from '../../../../core/base/time.ts';
import { SettingsBench, WORD } from '../../../support/settings-bench.ts';
import { settled } from '../../../support/settled.ts';

const TEXT = '# ours\nlog:\n  level: info # for now\n';

const order = (path: string, value: unknown, more: Partial<SettingsOrder> = {}): SettingsOrder => ({
  changes: [{ path, value }],
  seen: 'anything',
  word: WORD,
  ...more,
});

test('a setting that cannot cut is written at once, and the parts are told', async () => {
  const bench = new SettingsBench(TEXT);
  bench.warnings = [{ field: 'firewall.enabled', message: 'the firewall is off' }];
  const done = await bench.settings.write(order('auto_response.block_expiry', '1h', { seen: [bench.etag] }));
  assert.ok(done.ok);
  assert.deepEqual(done.value, {
    applied: ['auto_response.block_expiry'],
    etag: bench.etag,
    waiting: [],
    warnings: bench.warnings,
  });
  assert.equal(bench.followed.at(-1)?.auto_response.block_expiry, '1h');
  assert.match(bench.file.disk, /^# ours\nlog:\n {2}level: info # for now\n/);
});

test('a setting that waits for a restart is written and waits; written back it waits no more', async () => {
  const bench = new SettingsBench(TEXT);
  const done = await bench.settings.write(order('log.level', 'debug'));
  assert.deepEqual(done.ok && done.value.waiting, ['log.level']);
  assert.equal(bench.file.inEffect.log.level, 'info');
  const back = await bench.settings.write(order('log.level', 'info'));
  assert.deepEqual(back.ok && [back.value.applied, back.value.waiting], [['log.level'], []]);
  assert.equal(bench.file.disk, TEXT);
});

test('what holds already is no change', async () => {
  const bench = new SettingsBench(TEXT);
  const done = await bench.settings.write(order('firewall.on_stop', 'keep'));
  assert.deepEqual(done.ok && [done.value.applied, done.value.change], [[], undefined]);
  assert.equal(bench.file.disk, TEXT);
});

test('an order for another state of the file is stale, and so is one over an edit by hand', async () => {
  const bench = new SettingsBench(TEXT);
  const other = await bench.settings.write(order('log.level', 'debug', { seen: ['0'.repeat(64)] }));
  assert.equal(other.ok ? '' : other.code, 'stale');
  bench.file.disk = '# theirs\n';
  const state = await bench.settings.state();
  assert.deepEqual(state.ok && state.value.edited, true);
  for (const seen of ['anything', state.ok ? [state.value.etag] : []] as const) {
    const over = await bench.settings.write(order('log.level', 'debug', { seen }));
    assert.match(over.ok ? '' : `${over.code} ${over.public}`, /^stale .*take that over first/);
  }
  assert.equal(bench.file.disk, '# theirs\n');
});

test('a wrong value is a problem of its setting, and the file stays as it is', async () => {
  const bench = new SettingsBench(TEXT);
  const done = await bench.settings.write(order('firewall.max_blocks', 0));
  assert.ok(!done.ok && done.code === 'invalid');
  assert.deepEqual(done.problems, [
    {
      field: 'firewall.max_blocks',
      message: 'must be a whole number from 1 to 10000000, found the number 0',
    },
  ]);
  assert.equal(bench.file.disk, TEXT);
});

test('two settings that belong together are given together', async () => {
  const bench = new SettingsBench('');
  const cert = { path: 'webui.tls_cert', value: '/etc/a.pem' };
  const key = { path: 'webui.tls_key', value: '/etc/a.key' };
  const both = await bench.settings.write({ changes: [cert, key], seen: 'anything', word: WORD });
  assert.deepEqual(both.ok && both.value.applied, ['webui.tls_cert', 'webui.tls_key']);
  const one = await new SettingsBench('').settings.write({ changes: [cert], seen: 'anything', word: WORD });
  assert.equal(one.ok ? '' : one.code, 'invalid');
});

test('what can cut goes on trial for as long as is set, and a second order hears of it', async () => {
  const bench = new SettingsBench(`${TEXT}changes:\n  trial: 2m\n`);
  const done = await bench.settings.write(order('infra_ips', ['192.0.2.1']));
  assert.ok(done.ok);
  assert.deepEqual(
    [done.value.change?.state, done.value.change?.confirmedBy, bench.changes.pending()?.left, bench.changes.restarts],
    ['awaiting', 'probes', minutes(2), 0],
  );
  const other = await bench.settings.write(order('log.level', 'debug'));
  assert.match(other.ok ? '' : other.public, /^operator has infra_ips on trial/);
  bench.clock.advance(minutes(2));
  await settled();
  assert.doesNotMatch(bench.file.disk, /infra_ips/);
});

test('what can cut and waits for a restart is tried with one; forced, it waits like any other setting', async () => {
  const bench = new SettingsBench(TEXT);
  await bench.settings.write(order('webui.listen', '0.0.0.0:9443'));
  assert.equal(bench.changes.restarts, 1);
  const other = new SettingsBench(TEXT);
  const forced = await other.settings.write(order('webui.listen', '0.0.0.0:9443', { forcedBecause: 'no access' }));
  assert.ok(forced.ok);
  assert.deepEqual([forced.value.change?.state, forced.value.waiting], ['confirmed', ['webui.listen']]);
  assert.deepEqual([other.changes.restarts, other.changes.pending()], [0, undefined]);
});

test('a trial that is asked for by name starts anew, whatever it changes, and probes do not confirm it', async () => {
  const bench = new SettingsBench(TEXT);
  const done = await bench.settings.tryOut({
    ...order('firewall.denied_networks', ['203.0.113.0/24']),
    trial: minutes(3),
  });
  assert.deepEqual(done.ok && [done.value.change?.confirmedBy, done.value.change?.trial], ['word', minutes(3)]);
  assert.deepEqual(bench.firewall.judging.denied, ['203.0.113.0/24']);
  assert.equal(bench.changes.restarts, 1);
});

test('an edit by hand is taken over: live settings at once, others wait, what can cut goes on trial', async () => {
  const bench = new SettingsBench(TEXT);
  bench.file.disk = `${TEXT}auto_response:\n  dry_run: true\nhostname: other\n`;
  const taken = await bench.settings.takeOver({ word: WORD });
  assert.deepEqual(taken.ok && [taken.value.applied, taken.value.waiting, taken.value.change], [
    ['hostname', 'auto_response.dry_run'],
    ['hostname'],
    undefined,
  ]);
  assert.equal(bench.followed.at(-1)?.auto_response.dry_run, true);
  bench.file.disk = `${bench.file.disk}infra_ips: [192.0.2.1]\n`;
  const tried = await bench.settings.takeOver({ word: WORD });
  assert.deepEqual(tried.ok && tried.value.change?.state, 'awaiting');
});

test('a wrong edit is not taken over; its lines are named', async () => {
  const bench = new SettingsBench(TEXT);
  bench.file.disk = 'log:\n  level: loud\n';
  const taken = await bench.settings.takeOver({ word: WORD });
  assert.ok(!taken.ok && taken.code === 'invalid');
  assert.match(taken.problems[0]?.message ?? '', /^line 2: must be one of/);
  assert.equal(bench.file.loaded.text, TEXT);
});

test('a restart comes when the answer has had its time', () => {
  const bench = new SettingsBench();
  bench.settings.restart();
  bench.clock.advance(249);
  assert.equal(bench.restarts, 0);
  bench.clock.advance(1);
  assert.equal(bench.restarts, 1);
});
