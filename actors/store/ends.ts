import { type KeyCodec, type SegmentKind, spaceOf } from '../../core/keys/codec.ts';
import { compareKeys } from '../../core/keys/order.ts';
import type { StorePort } from './port.ts';

type Space = Pick<KeyCodec<readonly SegmentKind[]>, 'space' | 'under'>;

/**
 * For some spaces of keys, one that no key of it lies behind. Ids begin with their time, so that a new one nearly always
 * lies behind all that there are, and its absence need not be looked up: LevelDB takes many such questions for a sign that
 * its tables want to be merged.
 */
export class Ends {
  readonly #port: StorePort;
  readonly #ends = new Map<string, string>();

  constructor(port: StorePort) {
    this.#port = port;
  }

  /** To be called before what follows is asked. While the disk is lost nothing is known of what is on it. */
  async learn({ space, under }: Space): Promise<void> {
    if (this.#port.health().state === 'memory') this.#ends.clear();
    else if (!this.#ends.has(space)) this.#ends.set(space, await this.#last(under([])));
  }

  /** Nobody wrote this key of the space, or one behind it. False where that is not known. */
  isBehind({ space }: Pick<Space, 'space'>, key: string): boolean {
    const end = this.#ends.get(space);
    return end !== undefined && compareKeys(key, end) > 0;
  }

  /** To be called with each key that is going to be written, whatever comes of it. */
  note(key: string): void {
    const space = spaceOf(key);
    if (this.isBehind({ space }, key)) this.#ends.set(space, key);
  }

  /** To be called when keys were written without a note. */
  forget(): void {
    this.#ends.clear();
  }

  async #last(range: ReturnType<Space['under']>): Promise<string> {
    for await (const [key] of this.#port.entries({ ...range, reverse: true, limit: 1 })) return key;
    return '';
  }
}
