import { fail, ok, type Result } from '../../../core/base/result.ts';

/** What `npm run image -- test` was asked. */
export interface Orders {
  /** Scenarios by name; empty: all. */
  readonly wanted: readonly string[];
  readonly powerCuts: number;
  readonly isList: boolean;
}

export const USAGE = `npm run image -- test [--list] [--power-cuts N] [SCENARIO...]

  --list          names the scenarios and what they show
  --power-cuts N  power cuts at random moments of an installation; 3 without it
  SCENARIO        only these, and what they rest on`;

const MOST_CUTS = 1000;

export function readOrders(words: readonly string[]): Result<Orders, 'usage'> {
  const wanted: string[] = [];
  let powerCuts = 3;
  let isList = false;
  for (let place = 0; place < words.length; place++) {
    const word = words[place] ?? '';
    if (word === '--list') isList = true;
    else if (word === '--power-cuts') {
      place++;
      powerCuts = Number(words[place]);
      if (!Number.isInteger(powerCuts) || powerCuts < 0 || powerCuts > MOST_CUTS)
        return fail('usage', `--power-cuts wants a number from 0 to ${MOST_CUTS}`);
    } else if (word.startsWith('-')) return fail('usage', `unknown option ${word}`);
    else wanted.push(word);
  }
  return ok({ wanted, powerCuts, isList });
}
