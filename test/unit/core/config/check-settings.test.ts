import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutes } from '../../../../core/base/time.ts';
import {
  CHECK_THRESHOLDS,
  checkSettingsOf,
  DISABLED_CHECKS,
  sourceGroupsOf,
} from '../../../../core/config/check-settings.ts';
import { view } from '../../../../core/config/setting.ts';
import { CHECKS } from '../../../../core/detect/checks.ts';

test('the settings are declared as the checks have them', () => {
  const { schema } = CHECK_THRESHOLDS['ssh_bruteforce_failures'] ?? DISABLED_CHECKS;
  assert.deepEqual([view(schema).default, view(schema).minimum, view(schema).maximum], [5, 2, 1000]);
  const window = view((CHECK_THRESHOLDS['ssh_bruteforce_window'] ?? DISABLED_CHECKS).schema);
  assert.deepEqual([window.default, window.shortest, window.longest], ['10m', '10s', '24h']);
  assert.deepEqual(view(DISABLED_CHECKS.schema).default, []);
});

test('defaults read back are the presets', () => {
  const defaults = Object.entries(CHECK_THRESHOLDS).map(([key, { schema }]) => [key, view(schema).default]);
  const settings = checkSettingsOf(Object.fromEntries(defaults), ['port_scan']);
  for (const [name, { defaults: presets }] of Object.entries(CHECKS)) {
    assert.deepEqual(settings[name as keyof typeof CHECKS], { ...presets, enabled: name !== 'port_scan' });
  }
  assert.equal(checkSettingsOf({ ssh_bruteforce_window: '3m' }, []).ssh_bruteforce?.window, minutes(3));
});

test('what counts as one source is an address, or a /64, unless set', () => {
  assert.deepEqual(sourceGroupsOf({}), { v4: 32, v6: 64 });
  assert.deepEqual(sourceGroupsOf({ source_ipv4_prefix: 24, source_ipv6_prefix: 56 }), { v4: 24, v6: 56 });
});
