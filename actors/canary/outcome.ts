import type { Ip } from '../../core/base/ip.ts';
import type { Millis } from '../../core/base/time.ts';
import type { Fate } from '../packets/index.ts';

/** Why an address is tried: what the kernel is to do with its packets follows from it. */
export type Why = 'blocked' | 'blocked network' | 'listed' | 'denied' | 'let in' | 'control';

/** An address whose packets are sent, though they are nobody's. */
export interface Canary {
  readonly ip: Ip;
  readonly why: Why;
}

/** One whose packets went the other way. */
export type Astray = Canary;

/** What one round of packets has proved. */
export interface CanaryOutcome {
  readonly at: Millis;
  /** Of which something is proved: those dropped, those let in, and those that went astray. */
  readonly checked: number;
  readonly dropped: number;
  readonly letIn: number;
  /** That were to be dropped, and got through. */
  readonly missed: readonly Astray[];
  /** That were to be let in, and were dropped. */
  readonly cut: readonly Astray[];
  /** Of which nothing is proved: they never came to the rules, or nothing else of their family came through either. */
  readonly unproven: number;
}

const GET_THROUGH: ReadonlySet<Why> = new Set(['let in', 'control']);

const familyOf = (ip: Ip): 4 | 6 => (ip.includes(':') ? 6 : 4);

/**
 * What the fates of the canaries say. Silence proves something only where packets that nobody drops came through beside it,
 * by the same way; and what is no longer decided as it was when the round began says nothing.
 * @param fates of each canary, in order
 * @param stands whether what a canary is tried for still holds
 */
export function outcomeOf(
  at: Millis,
  canaries: readonly Canary[],
  fates: readonly Fate[],
  stands: (canary: Canary) => boolean,
): CanaryOutcome {
  const seen = canaries.map((canary, i) => ({ ...canary, fate: fates[i] ?? 'unsent' }));
  const heard = new Set(
    seen.filter(({ why, fate }) => GET_THROUGH.has(why) && fate === 'passes').map(({ ip }) => familyOf(ip)),
  );
  const tried = seen.filter(({ why }) => why !== 'control');
  const proved = tried.filter(
    ({ ip, why, fate }) => fate !== 'unsent' && (fate === 'passes' || heard.has(familyOf(ip))) && stands({ ip, why }),
  );
  const those = (isToGetThrough: boolean, fate: Fate): readonly Astray[] =>
    proved
      .filter((one) => one.fate === fate && GET_THROUGH.has(one.why) === isToGetThrough)
      .map(({ ip, why }) => ({ ip, why }));
  return {
    at,
    checked: proved.length,
    dropped: those(false, 'dropped').length,
    letIn: those(true, 'passes').length,
    missed: those(false, 'passes'),
    cut: those(true, 'dropped'),
    unproven: tried.length - proved.length,
  };
}
