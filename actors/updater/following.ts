import { type Millis, minutes, seconds } from '../../core/base/time.ts';
import type { Work } from '../../core/image/slots.ts';

/** Between two looks at an installation that nobody waits for. */
export const FOLLOW_EVERY: Millis = seconds(2);
/** RAUC copies what a slow server gives; what shows no step for so long is stuck. */
const STUCK_AFTER: Millis = minutes(30);
/** A service that does not answer for so long does not come back by itself. */
const SILENT_FOR: Millis = minutes(30);

/**
 * Follows RAUC's service to the end of an installation whose asker was cut off. Time is counted in looks, since the clock
 * on the wall may be set meanwhile.
 */
export class Following {
  #shown = '';
  #unmoved = 0;
  #silent = 0;

  /** It is at it still, and has shown no step for long: only a reboot ends it. */
  get isStuck(): boolean {
    return this.#unmoved * FOLLOW_EVERY >= STUCK_AFTER;
  }

  /** @returns whether to go on waiting */
  hears(work: Work): boolean {
    this.#silent = 0;
    const shown = JSON.stringify(work.progress ?? null);
    this.#unmoved = shown === this.#shown ? this.#unmoved + 1 : 0;
    this.#shown = shown;
    return work.isInstalling;
  }

  /** @returns whether to go on waiting */
  hearsNothing(): boolean {
    this.#silent++;
    return this.#silent * FOLLOW_EVERY < SILENT_FOR;
  }
}
