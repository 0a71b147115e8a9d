import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isInstalled } from '../../../../image/tree/tree.ts';
import { enabledBy, placeOf, presetFor } from '../../../../image/tree/units.ts';
import { ROOT } from '../../../support/root.ts';

for (const [file, path, mode] of [
  ['bartizan.service', '/usr/lib/systemd/system/bartizan.service', 0o644],
  ['bartizan-net-hand.socket', '/usr/lib/systemd/system/bartizan-net-hand.socket', 0o644],
  ['revert', '/usr/lib/bartizan/systemd/revert', 0o755],
  ['checked', '/usr/lib/bartizan/systemd/checked', 0o755],
  ['checked-rules.awk', '/usr/lib/bartizan/systemd/checked-rules.awk', 0o644],
  ['networks.awk', '/usr/lib/bartizan/systemd/networks.awk', 0o644],
  ['bartizan.sysusers', '/usr/lib/sysusers.d/bartizan.conf', 0o644],
  ['bartizan.tmpfiles', '/usr/lib/tmpfiles.d/bartizan.conf', 0o644],
  ['bartizan-starting.service', '/usr/lib/systemd/system/bartizan-starting.service', 0o644],
  ['bartizan.preset', '/usr/lib/systemd/system-preset/80-bartizan.preset', 0o644],
] as const)
  test(`${file} is installed as ${path}`, () => {
    assert.deepEqual(placeOf(file, 'host'), { path, mode });
    assert.deepEqual(placeOf(file, 'appliance'), { path, mode });
  });

test('papers of the folder stay behind', () => {
  assert.equal(placeOf('README.md', 'appliance'), undefined);
});

const APPLIANCE_ALONE = [
  'bartizan-host.path',
  'bartizan-host-early.service',
  'bartizan-console@.service',
  'bartizan-rauc.dbus.conf',
  'bartizan-console.rules',
  'bartizan.journald',
  'host-default',
  'host.awk',
  'provision',
];
for (const file of APPLIANCE_ALONE)
  test(`${file} is installed on an appliance alone`, () => {
    assert.equal(placeOf(file, 'host'), undefined);
    assert.notEqual(placeOf(file, 'appliance'), undefined);
  });

test('a preset speaks of the units that are installed', () => {
  const preset = '# why\nenable bartizan.service\nenable bartizan-host.path\ndisable bartizan-net-hand.service\n';
  assert.equal(presetFor(preset, 'appliance'), preset);
  assert.equal(presetFor(preset, 'host'), '# why\nenable bartizan.service\ndisable bartizan-net-hand.service\n');
  assert.deepEqual(enabledBy(preset), ['bartizan.service', 'bartizan-host.path']);
});

test('what the scripts and units start of the built program is installed', () => {
  const folder = join(ROOT, 'systemd');
  const named = readdirSync(folder).flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/\bdist\/([\w./-]+)/g)].map(([, path = '']) => path),
  );
  assert.ok(named.length > 3);
  for (const path of named) assert.ok(isInstalled(path, 'appliance'), path);
});
