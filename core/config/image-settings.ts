import { Type } from 'typebox';
import type { Needs } from '../image/steadiness.ts';
import { lengthOf } from './formats.ts';
import { duration, section, setting, type ValuesOf } from './setting.ts';

/** Section `image`. */
export const image = section(
  'The appliance image: when a boot is confirmed',
  {
    readings: setting(
      Type.Integer({
        description: 'Good readings of all components in a row that a slot must show after a boot.',
        default: 5,
        minimum: 1,
        maximum: 1000,
      }),
      { applies: 'live' },
    ),
    stability_window: setting(
      duration({
        description: 'For how long it must show them, from the first to the last.',
        default: '60s',
        shortest: '1s',
        longest: '1h',
      }),
      { applies: 'live' },
    ),
    confirm_within: setting(
      duration({
        description:
          'A slot that was never confirmed and is not by then gives way to the other one by a reboot. One that was confirmed is never rebooted for that.',
        default: '10m',
        shortest: '1m',
        longest: '24h',
      }),
      { applies: 'live' },
    ),
  },
  { group: 'Operations' },
);

/** As whoever confirms a boot goes by it. */
export const needsOf = (values: ValuesOf<{ readonly image: typeof image }>['image']): Needs => ({
  readings: values.readings,
  window: lengthOf(values.stability_window),
  within: lengthOf(values.confirm_within),
});
