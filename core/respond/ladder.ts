import { fail, ok, type Result } from '../base/result.ts';
import { LONGEST, type Millis, millis, parseDuration } from '../base/time.ts';

/** How long a block lasts: so many times the first one, or a length of its own. */
export type Rung = { readonly times: number } | { readonly lasts: Millis | 'never' };

/** A day, six days, thirty days, where the first block lasts a day. */
export const DEFAULT_LADDER: readonly string[] = ['1x', '6x', '30d'];

/** Rungs a ladder may have at most. */
export const MOST_RUNGS = 10;

/** Reads `6x`, `30d` or any other duration, or `never` for a block without end. */
export function parseRung(text: string): Result<Rung, 'bad_rung'> {
  const trimmed = text.trim();
  if (trimmed === 'never') return ok({ lasts: 'never' });
  const times = /^([1-9]\d{0,3})x$/.exec(trimmed)?.[1];
  if (times !== undefined) return ok({ times: Number(times) });
  const lasts = parseDuration(trimmed);
  if (lasts.ok && lasts.value !== 'never') return ok({ lasts: lasts.value });
  return fail('bad_rung', `"${trimmed.slice(0, 32)}" is no step of a block; use e.g. 1x, 6x, 30d, never`);
}

/**
 * How long a block lasts for who was blocked before.
 *
 * The first block takes the first rung, the second the second, and so on; the last rung stands for all after it. No block is
 * shorter than an earlier one: where a rung says less than one below it, that one counts.
 * @param before how many blocks came before, ≥ 0
 * @param base what `1x` is
 */
export function blockLength(ladder: readonly Rung[], before: number, base: Millis | 'never'): Millis | 'never' {
  if (ladder.length === 0) return base;
  let longest: Millis = millis(0);
  for (let i = 0; i <= before && i < ladder.length; i++) {
    const length = lengthOf(ladder[i] as Rung, base);
    if (length === 'never') return length;
    if (length > longest) longest = length;
  }
  return longest;
}

function lengthOf(rung: Rung, base: Millis | 'never'): Millis | 'never' {
  if ('lasts' in rung) return rung.lasts;
  return base === 'never' ? 'never' : millis(Math.min(LONGEST, base * rung.times));
}
