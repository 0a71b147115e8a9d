import { fail, ok, type Result } from '../../../core/base/result.ts';

/** What `npm run image -- test` was asked. */
export interface Orders {
  /** Scenarios by name; empty: all. */
  readonly wanted: readonly string[];
  readonly powerCuts: number;
  /** Guests that run at the same time. */
  readonly atOnce: number;
  readonly isList: boolean;
}

export const USAGE = `npm run image -- test [--list] [--power-cuts N] [--at-once N] [SCENARIO...]

  --list          names the scenarios and what they show
  --power-cuts N  power cuts at random moments of an installation; 3 without it
  --at-once N     guests at the same time; 2 without it
  SCENARIO        only these, and what they rest on`;

const MOST_CUTS = 1000;
const MOST_AT_ONCE = 8;

export function readOrders(words: readonly string[]): Result<Orders, 'usage'> {
  const wanted: string[] = [];
  let powerCuts = 3;
  let atOnce = 2;
  let isList = false;
  for (let place = 0; place < words.length; place++) {
    const word = words[place] ?? '';
    if (word === '--list') isList = true;
    else if (word === '--power-cuts') {
      place++;
      powerCuts = Number(words[place]);
      if (!Number.isInteger(powerCuts) || powerCuts < 0 || powerCuts > MOST_CUTS)
        return fail('usage', `--power-cuts wants a number from 0 to ${MOST_CUTS}`);
    } else if (word === '--at-once') {
      place++;
      atOnce = Number(words[place]);
      if (!Number.isInteger(atOnce) || atOnce < 1 || atOnce > MOST_AT_ONCE)
        return fail('usage', `--at-once wants a number from 1 to ${MOST_AT_ONCE}`);
    } else if (word.startsWith('-')) return fail('usage', `unknown option ${word}`);
    else wanted.push(word);
  }
  return ok({ wanted, powerCuts, atOnce, isList });
}
