import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutes } from '../../../../core/base/time.ts';
import { CHECK_NAMES, CHECKS } from '../../../../core/detect/checks.ts';
import { CHECK_SETTINGS, checkSettingsFrom } from '../../../../core/detect/settings.ts';

test('every setting has a key of its own and a preset within its bounds', () => {
  assert.equal(new Set(CHECK_SETTINGS.map(({ key }) => key)).size, CHECK_SETTINGS.length);
  for (const { key, check, preset, minimum, maximum } of CHECK_SETTINGS) {
    assert.ok(key.startsWith(`${check}_`) && minimum <= preset && preset <= maximum, key);
  }
});

test('nothing set is everything as preset', () => {
  const settings = checkSettingsFrom({});
  for (const name of CHECK_NAMES) assert.deepEqual(settings[name], { ...CHECKS[name].defaults, enabled: true });
});

test('what is set reaches its check', () => {
  const settings = checkSettingsFrom(
    { ssh_bruteforce_failures: 7, port_scan_window: minutes(3), ssh_login_unknown_ip_learning: minutes(5) },
    new Set(['su_failures']),
  );
  assert.equal(settings.ssh_bruteforce?.threshold, 7);
  assert.equal(settings.port_scan?.window, minutes(3));
  assert.equal(settings.ssh_login_unknown_ip?.learning, minutes(5));
  assert.equal(settings.su_failures?.enabled, false);
});
