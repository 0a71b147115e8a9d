import type { Millis } from '../../core/base/time.ts';
import { orThrow } from './batches.ts';
import { lackingOf } from './bulk.ts';
import { setOf } from './elements.ts';
import type { DesiredBlocks, KernelBlock } from './port.ts';
import { heldCount } from './sync.ts';
import type { Place } from './trial.ts';

/** Blocks looked up in one look: all come to their turn. */
const SAMPLES = 64;
/** A block that ends so soon may be gone from the kernel already. */
const ENDING_MS = 2000;
/** Blocks on their way into the kernel, and ended ones on their way off the books, are no loss. */
const UNDER_WAY = 100;
const SLACK = 1 / 1000;

export interface SamplesDeps {
  readonly place: Place;
  readonly desired: DesiredBlocks;
  readonly now: () => Millis;
}

export interface Seen {
  /** Keys of desired blocks that were missing in two looks, by set. */
  readonly lost: readonly (readonly [set: string, keys: readonly string[]])[];
  /** The kernel has held far fewer than are desired in two looks. */
  readonly isAnyoneMissing: boolean;
}

/**
 * Looks a few of the desired blocks up, the next ones each time, and counts. What is missing is believed the second time: a
 * block is on the books a moment before it is in the kernel.
 */
export class Samples {
  readonly #deps: SamplesDeps;
  #turn: Iterator<KernelBlock> | undefined;
  #suspects: readonly KernelBlock[] = [];
  #wasShort = false;

  constructor(deps: SamplesDeps) {
    this.#deps = deps;
  }

  async look(): Promise<Seen> {
    const { desired } = this.#deps;
    const suspects = this.#suspects.filter(({ ip, id }) => desired.blockOf(ip)?.id === id);
    const { absent } = orThrow(await lackingOf(this.#deps, [...suspects, ...this.#next()].filter(this.#lasts)));
    const known = new Set(suspects);
    const lost = absent.filter((block) => known.has(block));
    this.#suspects = absent.filter((block) => !known.has(block));
    const isShort = await this.#isShort();
    const isAnyoneMissing = isShort && this.#wasShort;
    this.#wasShort = isShort && !isAnyoneMissing;
    return {
      lost: [...Map.groupBy(lost, ({ ip }) => setOf(ip))].map(([set, of]) => [set, of.map(({ ip }) => ip)]),
      isAnyoneMissing,
    };
  }

  #next(): readonly KernelBlock[] {
    const { desired } = this.#deps;
    const next: KernelBlock[] = [];
    const most = Math.min(SAMPLES, desired.blockCount());
    for (let turns = 0; next.length < most && turns < 2; ) {
      this.#turn ??= desired.blocks()[Symbol.iterator]();
      const { value, done } = this.#turn.next();
      if (done !== true) next.push(value);
      else {
        this.#turn = undefined;
        turns++;
      }
    }
    return next;
  }

  readonly #lasts = ({ expiresAt }: KernelBlock): boolean =>
    expiresAt === 'never' || expiresAt - this.#deps.now() > ENDING_MS;

  async #isShort(): Promise<boolean> {
    const { place, desired } = this.#deps;
    const held = await heldCount(place.nft, place.table);
    const wanted = desired.blockCount();
    return held !== 'unknown' && wanted - held > UNDER_WAY + wanted * SLACK;
  }
}
