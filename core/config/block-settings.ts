import { Type } from 'typebox';
import { shortDuration } from '../base/time.ts';
import { DEFAULT_LADDER, MOST_RUNGS, parseRung, type Rung } from '../respond/ladder.ts';
import { PLANNER_PRESETS, type PlannerSettings } from '../respond/planner.ts';
import { SUBNETS } from '../respond/subnets.ts';
import { lengthOf } from './formats.ts';
import { checkedText, duration, setting, type ValuesOf } from './setting.ts';

const RESTART = { applies: 'restart' } as const;

/** How automatic blocks are planned: how many, how long, and when a whole network. */
export const BLOCK_PLANNING = {
  max_blocks_per_hour: setting(
    Type.Integer({
      description:
        'Automatic blocks let through within any hour; those beyond it wait for their turn, the worst first, for two hours at most. 0 lets all through at once.',
      default: PLANNER_PRESETS.perHour,
      minimum: 0,
      maximum: 100_000,
    }),
    RESTART,
  ),
  block_ladder: setting(
    Type.Array(
      checkedText('rung', { description: 'A step: 6x is six times block_expiry, 30d a length, never no end.' }),
      {
        description:
          'How long the first, second, third … block of a source lasts; the last step stands for all after it. No block is shorter than the one before. Empty: all last block_expiry.',
        default: [...DEFAULT_LADDER],
        maxItems: MOST_RUNGS,
        examples: [['1x', '6x', '30d', 'never']],
      },
    ),
    RESTART,
  ),
  repeat_within: setting(
    duration({
      description: 'A source climbs the ladder by the blocks that began no longer ago than this.',
      default: shortDuration(PLANNER_PRESETS.repeatWithin),
      shortest: '1h',
      longest: '3650d',
    }),
    RESTART,
  ),
  netblock: setting(
    Type.Boolean({
      description: 'Block the whole network of several addresses that findings have blocked.',
      default: PLANNER_PRESETS.subnets !== undefined,
    }),
    RESTART,
  ),
  netblock_threshold: setting(
    Type.Integer({
      description: 'So many addresses of a network that are blocked at a time make it blocked itself.',
      default: SUBNETS.threshold,
      minimum: 2,
      maximum: 1000,
    }),
    RESTART,
  ),
  netblock_prefix_v4: setting(
    Type.Integer({ description: 'Length of such a network in IPv4.', default: SUBNETS.v4, minimum: 16, maximum: 31 }),
    RESTART,
  ),
  netblock_prefix_v6: setting(
    Type.Integer({ description: 'Length of such a network in IPv6.', default: SUBNETS.v6, minimum: 32, maximum: 127 }),
    RESTART,
  ),
} as const;

/** What the planner is made with. @param values checked */
export const plannerSettingsOf = (values: ValuesOf<typeof BLOCK_PLANNING>): PlannerSettings => ({
  ...PLANNER_PRESETS,
  perHour: values.max_blocks_per_hour,
  ladder: values.block_ladder.map(rungOf),
  repeatWithin: lengthOf(values.repeat_within),
  subnets: values.netblock
    ? { threshold: values.netblock_threshold, v4: values.netblock_prefix_v4, v6: values.netblock_prefix_v6 }
    : undefined,
});

/** @throws on text that never was a valid step: a bug. */
function rungOf(text: string): Rung {
  const rung = parseRung(text);
  if (!rung.ok) throw new Error(rung.public);
  return rung.value;
}
