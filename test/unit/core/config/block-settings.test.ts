import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days, hours } from '../../../../core/base/time.ts';
import { plannerSettingsOf } from '../../../../core/config/block-settings.ts';
import { parseConfig } from '../../../../core/config/read.ts';
import { PLANNER_PRESETS } from '../../../../core/respond/planner.ts';
import { AROUND } from './surroundings.ts';

function settingsOf(automation: string) {
  const read = parseConfig(`auto_response: { ${automation} }\n`, 'x', AROUND);
  return read.ok ? plannerSettingsOf(read.value.config.auto_response) : read.public;
}

test('the planner is made with its presets, and with what is set', () => {
  assert.deepEqual(settingsOf(''), PLANNER_PRESETS);
  assert.deepEqual(
    settingsOf("max_blocks_per_hour: 0, block_ladder: [2x, '90m', never], repeat_within: 7d, netblock: true"),
    {
      ...PLANNER_PRESETS,
      perHour: 0,
      ladder: [{ times: 2 }, { lasts: hours(1.5) }, { lasts: 'never' }],
      repeatWithin: days(7),
      subnets: { threshold: 3, v4: 24, v6: 64 },
    },
  );
});

for (const [automation, what] of [
  ['block_ladder: [1x, sometimes]', /block_ladder\[1\].*"sometimes" is no step of a block/],
  ['max_blocks_per_hour: -1', /max_blocks_per_hour.*a whole number from 0 to 100000/],
  ['netblock_threshold: 1', /netblock_threshold.*from 2 to 1000/],
  ['netblock_prefix_v4: 8', /netblock_prefix_v4.*from 16 to 31/],
] as const)
  test(`${automation} is refused`, () => assert.match(String(settingsOf(automation)), what));
