import { crashersOf, keepCrasher } from './crashers.ts';
import { FUZZ_BUDGET_MS } from './fuzz-budget.ts';
import { SEED, seeded } from './random.ts';

const MUTATIONS = 4;

/** A fuzz target's source of chance: numbers, and mutants of what it is given. */
export class Mutator {
  readonly #corpus: readonly Uint8Array[];
  #random: () => number;
  #given: readonly Uint8Array[];
  #drawn: Uint8Array[] = [];
  #seed: number;

  /** @param given stand for the first mutants */
  constructor(corpus: readonly Uint8Array[], seed: number, given: readonly Uint8Array[] = []) {
    this.#corpus = corpus;
    this.#seed = seed;
    this.#random = seeded(seed);
    this.#given = given;
  }

  /** Mutants of this run so far. */
  get drawn(): readonly Uint8Array[] {
    return this.#drawn;
  }

  /** Repeats, with what was drawn, all chance of this run. */
  get seed(): number {
    return this.#seed;
  }

  /** For the next run. */
  next(): this {
    this.#seed = this.below(2 ** 31);
    this.#random = seeded(this.#seed);
    this.#drawn = [];
    return this;
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  /** One of the corpus after a few random edits: flips, cuts, repeats, splices with another. */
  mutant(): Uint8Array {
    const [given, ...rest] = this.#given;
    this.#given = rest;
    let bytes = this.#any();
    for (let i = this.below(MUTATIONS); i >= 0; i--) bytes = this.#edit(bytes);
    if (given !== undefined) bytes = given;
    this.#drawn.push(bytes);
    return bytes;
  }

  #any(): Uint8Array {
    return this.#corpus[this.below(this.#corpus.length)] ?? new Uint8Array(0);
  }

  #edit(bytes: Uint8Array): Uint8Array {
    const [a, b] = [this.below(bytes.length + 1), this.below(bytes.length + 1)].sort((x, y) => x - y) as [
      number,
      number,
    ];
    switch (this.below(6)) {
      case 0:
        return bytes.map((byte, i) => (i === a ? this.below(256) : byte));
      case 1:
        return join(bytes.subarray(0, a), bytes.subarray(b));
      case 2:
        return join(bytes.subarray(0, b), bytes.subarray(a));
      case 3:
        return join(bytes.subarray(0, a), this.#any().subarray(b));
      case 4:
        return join(
          bytes.subarray(0, a),
          Uint8Array.from({ length: this.below(600) }, () => 0x78),
          bytes.subarray(a),
        );
      default:
        return join(bytes.subarray(0, a), Uint8Array.of(this.below(256)), bytes.subarray(a));
    }
  }
}

/**
 * Runs `target` on one mutator until the time budget is over, after all that it ever failed on and that was kept. What it
 * fails on now is kept.
 * @param name of the target, for the folder of what it failed on
 * @returns how often it ran
 */
export function fuzz(name: string, corpus: readonly Uint8Array[], target: (mutator: Mutator) => void): number {
  for (const kept of crashersOf(name)) target(new Mutator([...corpus, kept.bytes], kept.seed, [kept.bytes]));
  const mutator = new Mutator(corpus, SEED);
  const end = performance.now() + FUZZ_BUDGET_MS;
  let runs = 0;
  for (; performance.now() < end; runs++) {
    try {
      target(mutator.next());
    } catch (cause) {
      throw keepCrashers(name, mutator, cause);
    }
  }
  return runs;
}

/** As `fuzz`, for a target that waits. */
export async function fuzzAsync(
  name: string,
  corpus: readonly Uint8Array[],
  target: (mutator: Mutator) => Promise<void>,
): Promise<number> {
  for (const kept of crashersOf(name)) await target(new Mutator([...corpus, kept.bytes], kept.seed, [kept.bytes]));
  const mutator = new Mutator(corpus, SEED);
  const end = performance.now() + FUZZ_BUDGET_MS;
  let runs = 0;
  for (; performance.now() < end; runs++) {
    try {
      await target(mutator.next());
    } catch (cause) {
      throw keepCrashers(name, mutator, cause);
    }
  }
  return runs;
}

function keepCrashers(name: string, { drawn, seed }: Mutator, cause: unknown): Error {
  const files = drawn.map((bytes) => keepCrasher(name, bytes, seed));
  return new Error(`fails on ${files.join(' or ')} (seed ${SEED})`, { cause });
}

/** Lines as corpus entries. */
export const linesOf = (text: string): Uint8Array[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => new TextEncoder().encode(line));

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
