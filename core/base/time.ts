import { fail, ok, type Result } from './result.ts';

/** Milliseconds: since 1970 (UTC) where it names a moment, else a length of time. */
export type Millis = number & { readonly unit: 'ms' };

/** A moment, or never: permanent blocks, tokens without expiry. */
export type Deadline = Millis | 'never';

export const millis = (n: number): Millis => n as Millis;
export const seconds = (n: number): Millis => (n * 1000) as Millis;
export const minutes = (n: number): Millis => (n * 60_000) as Millis;
export const hours = (n: number): Millis => (n * 3_600_000) as Millis;
export const days = (n: number): Millis => (n * 86_400_000) as Millis;

export const plus = (at: Millis, length: Millis): Millis => (at + length) as Millis;

export const hasPassed = (deadline: Deadline, now: Millis): boolean => deadline !== 'never' && deadline <= now;

/** The longest duration anybody may ask for; keeps every deadline inside a safe integer and a Date. */
export const LONGEST: Millis = days(36_500);

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Reads a duration as CSM writes it: `""` and `"0"` mean never, `7d` days, else a Go duration (`24h`, `1h30m`, `1.5s`).
 * Negative, empty-unit and over-long values are refused.
 */
export function parseDuration(text: string): Result<Millis | 'never', 'bad_duration'> {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed === '0') return ok('never');
  if (trimmed.length > 64 || !/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d))+$/.test(trimmed)) {
    return fail(
      'bad_duration',
      `"${trimmed.slice(0, 64)}" is not a duration; use e.g. 30m, 24h, 7d, or 0 for permanent`,
    );
  }
  let total = 0;
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/g)) {
    total += Number(amount) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  }
  if (!(total >= 1 && total <= LONGEST)) return fail('bad_duration', `"${trimmed}" is out of range (1ms to 36500d)`);
  return ok(Math.round(total) as Millis);
}

/** Writes a length of time the way Go prints durations: `72h3m0s`, `1m30s`, `250ms`. */
export function goDuration(length: Millis): string {
  if (length < 1000) return length <= 0 ? '0s' : `${length}ms`;
  const whole = Math.floor(length / 1000);
  const h = Math.floor(whole / 3600);
  const m = Math.floor((whole % 3600) / 60);
  const s = whole % 60;
  return `${h > 0 ? `${h}h` : ''}${h > 0 || m > 0 ? `${m}m` : ''}${s}s`;
}

/** Writes a length of time as `parseDuration` reads it back, in the largest unit that says it whole; a day as `24h`. */
export function shortDuration(length: Millis): string {
  const unit = (['d', 'h', 'm', 's'] as const).find((one) => {
    const size = UNIT_MS[one] ?? 1;
    return length % size === 0 && length >= (one === 'd' ? 2 * size : size);
  });
  return unit === undefined ? `${length}ms` : `${length / (UNIT_MS[unit] ?? 1)}${unit}`;
}

/** RFC 3339 in UTC with milliseconds. */
export const rfc3339 = (at: Millis): string => new Date(at).toISOString();
