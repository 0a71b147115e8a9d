import type { Random } from '../../core/base/ports.ts';
import { seeded } from './random.ts';

/** The Random port from the run's seed: different on every call, the same on every run with that seed. */
export function seededRandom(seed?: number): Random {
  const next = seeded(seed);
  return { bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)) };
}
