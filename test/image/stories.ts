import { claimed, ready, withinBounds } from './scenarios/boot.ts';
import { bothSlotsBad, slotCorrupted } from './scenarios/damage.ts';
import { blocked, changed } from './scenarios/enforcing.ts';
import { confirmedStays, fallsBack, settled } from './scenarios/fallback.ts';
import { badConfig, byStick, credentialOnce, factoryReset } from './scenarios/field.ts';
import { limited, watched } from './scenarios/guarding.ts';
import { shownOnScreen } from './scenarios/screen.ts';
import { confirmedFirst, cut, refused, streamed } from './scenarios/updates.ts';
import type { LifeStory } from './story/scenario.ts';

/** All that is shown of the image, in the order in which it happens. */
export const STORIES: readonly LifeStory[] = [
  {
    name: 'updates',
    quietUntil: 'bounds',
    scenarios: [
      ...[ready, withinBounds, claimed, blocked, shownOnScreen, changed, confirmedFirst, limited, refused],
      ...[cut, streamed, slotCorrupted, bothSlotsBad],
    ],
  },
  { name: 'fallback', scenarios: [settled, fallsBack, confirmedStays, watched] },
  { name: 'field', scenarios: [badConfig, byStick, factoryReset, credentialOnce] },
];
