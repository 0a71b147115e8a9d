import type { Random } from '../../core/base/ports.ts';
import { seeded } from './random.ts';
import { randomFrom } from './random-bytes.ts';

/** The Random port from the run's seed: different on every call, the same on every run with that seed. */
export const seededRandom = (seed?: number): Random => randomFrom(seeded(seed));
