import { encode } from 'uqr';

/** Rows of modules, `true` where dark, without a quiet zone. */
export type Modules = readonly (readonly boolean[])[];

/** The smallest QR code that holds the text, with the lowest error correction: a screen is not scratched. */
export const qrModules = (text: string): Modules => encode(text, { ecc: 'L', border: 0 }).data;

/** Modules of light around the code that scanners get by with on a screen; the standard's four cost too many rows. */
const QUIET = 2;

/**
 * Two rows of modules in one of characters, for terminals with light letters on dark ground: light is drawn. Of n modules
 * n + 4 columns and (n + 5) / 2 rows.
 */
export function inHalfBlocks(modules: Modules): readonly string[] {
  const framed = framedLight(modules);
  return every(2, framed).map(([upper = [], lower]) =>
    upper.map((isUpperLight, x) => HALVES[isUpperLight ? 1 : 0]?.[(lower?.[x] ?? false) ? 1 : 0] ?? ' ').join(''),
  );
}

const HALVES = [
  [' ', '▄'],
  ['▀', '█'],
] as const;

/** Each module as two characters of ASCII, light ones drawn. */
export const inAscii = (modules: Modules): readonly string[] =>
  framedLight(modules).map((row) => row.map((isLight) => (isLight ? '##' : '  ')).join(''));

/** Whether light, with the quiet zone. */
function framedLight(modules: Modules): readonly (readonly boolean[])[] {
  const side = Array.from({ length: QUIET }, () => true);
  const edge = Array.from({ length: QUIET }, () => Array.from({ length: modules.length + 2 * QUIET }, () => true));
  return [...edge, ...modules.map((row) => [...side, ...row.map((isDark) => !isDark), ...side]), ...edge];
}

const every = <V>(count: number, all: readonly V[]): readonly (readonly V[])[] =>
  Array.from({ length: Math.ceil(all.length / count) }, (_, i) => all.slice(i * count, (i + 1) * count));
