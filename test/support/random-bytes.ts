import type { Random } from '../../core/base/ports.ts';

/** The Random port from numbers in [0, 1). */
export const randomFrom = (next: () => number): Random => ({
  bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)),
});
