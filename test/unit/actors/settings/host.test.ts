import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change } from '../../../../core/change/change.ts';
import { renderHost } from '../../../../core/host/render.ts';
import { SettingsBench, WORD } from '../../../support/settings-bench.ts';
import { loaded } from '../../core/config/surroundings.ts';

const DHCP = 'host:\n  interfaces:\n    - match: ens3\n      method: dhcp\n';
const STATIC = [{ match: 'ens3', method: 'static', addresses: ['192.0.2.7/24'], gateways: ['192.0.2.1'] }];
const TO_STATIC = [{ path: 'host.interfaces', value: STATIC }];

/** A machine that goes by its settings. */
async function site(text = DHCP): Promise<SettingsBench> {
  const bench = new SettingsBench(text);
  bench.machine.text = renderHost(loaded(text).config.host);
  bench.machine.inForce = bench.machine.text;
  return bench;
}

const write = (bench: SettingsBench, changes: readonly { path: string; value: unknown }[]) =>
  bench.settings.write({ changes, seen: 'anything', word: WORD });

test('a change of the network is on trial until somebody says that it may stay', async () => {
  const bench = await site();
  const written = await write(bench, TO_STATIC);
  assert.ok(written.ok, written.ok ? '' : written.public);
  const { change } = written.value;
  assert.equal(change?.confirmedBy, 'word');
  assert.match(bench.machine.inForce ?? '', /Address=192\.0\.2\.7\/24/);
  assert.ok(change);
  const kept = await bench.changes.confirm({ id: change.id, word: WORD, connection: { unknown: 'a test' } });
  assert.ok(kept.ok, kept.ok ? '' : kept.public);
  assert.match(bench.machine.inForce ?? '', /Address=192\.0\.2\.7\/24/);
});

test('taken back, file and machine are as they were', async () => {
  const bench = await site();
  const before = bench.machine.inForce;
  const written = await write(bench, TO_STATIC);
  assert.ok(written.ok && written.value.change);
  const back = await bench.changes.revert({ id: written.value.change.id, word: WORD });
  assert.ok(back.ok, back.ok ? '' : back.public);
  assert.deepEqual([bench.machine.text, bench.machine.inForce], [before, before]);
  assert.equal(bench.file.loaded.text, DHCP);
});

test('a network that the machine refuses is not left on trial', async () => {
  const bench = await site();
  bench.machine.refusal = 'networkctl reload: no such thing';
  const written = await write(bench, TO_STATIC);
  assert.equal(written.ok, false);
  assert.match(written.ok ? '' : written.public, /networkctl reload/);
});

test('a snapshot has the file that the machine goes by', async () => {
  const bench = await site();
  const prepared = await bench.subject.prepare({ changes: TO_STATIC, over: bench.etag, restart: false });
  assert.ok(prepared.ok);
  const [config, machine] = prepared.value.snapshot.files;
  assert.equal(Buffer.from(config?.content ?? '').toString(), DHCP);
  assert.deepEqual([machine?.path, machine?.mode], ['/var/lib/bartizan/host/rendered', 0o600]);
  assert.equal(Buffer.from(machine?.content ?? '').toString(), bench.machine.inForce);
  const other = await bench.subject.prepare({
    changes: [{ path: 'infra_ips', value: ['192.0.2.9'] }],
    over: bench.etag,
    restart: false,
  });
  assert.equal(other.ok && other.value.snapshot.files.length, 1);
});

test('who looks finds what the machine goes by, not only what the files say', async () => {
  const bench = await site();
  const prepared = await bench.subject.prepare({ changes: TO_STATIC, over: bench.etag, restart: false });
  const written = await write(bench, TO_STATIC);
  assert.ok(prepared.ok && written.ok && written.value.change);
  const look = () => bench.subject.look(written.value.change as Change, prepared.value.snapshot);
  assert.deepEqual(await look(), { ok: true, value: 'after' });
  bench.machine.inForce = 'what somebody else did';
  assert.deepEqual(await look(), { ok: true, value: 'neither' });
});

test('name, time zone and time servers take effect at once, without a trial', async () => {
  const bench = await site();
  const written = await write(bench, [
    { path: 'host.timezone', value: 'Europe/Berlin' },
    { path: 'host.hostname', value: 'edge-1' },
  ]);
  assert.ok(written.ok);
  assert.equal(written.value.change, undefined);
  assert.deepEqual(bench.followed.at(-1)?.host.timezone, 'Europe/Berlin');
});

test('on a machine that is no appliance the section is refused, and found in the file it does nothing', async () => {
  const bench = new SettingsBench(DHCP, undefined, false);
  const written = await write(bench, TO_STATIC);
  assert.equal(written.ok ? '' : written.code, 'invalid');
  assert.match(written.ok ? '' : written.public, /appliance image alone/);
  bench.file.disk = DHCP.replace('ens3', 'ens4');
  const taken = await bench.settings.takeOver({ word: WORD });
  assert.ok(taken.ok, taken.ok ? '' : taken.public);
  assert.equal(taken.value.change, undefined);
  assert.deepEqual(bench.machine.asked, []);
});
