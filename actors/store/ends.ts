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
  /** The last key that the store had when it was asked. */
  readonly #read = new Map<string, string>();
  /** The last key that was written since, or was to be written. */
  readonly #noted = new Map<string, string>();
  #openings = 0;

  constructor(port: StorePort) {
    this.#port = port;
  }

  /** To be called before what follows is asked. While the disk is lost, nothing is known of what is on it. */
  async learn({ space, under }: Space): Promise<void> {
    const { openings } = this.#port;
    if (this.#port.health().state === 'memory' || openings !== this.#openings) this.#read.clear();
    this.#openings = openings;
    if (this.#port.health().state === 'memory' || this.#read.has(space)) return;
    const last = await this.#last(under([]));
    if (last !== undefined && this.#port.openings === openings) this.#read.set(space, last);
  }

  /** Nobody wrote this key of the space, or one behind it. False where that is not known. */
  isBehind({ space }: Pick<Space, 'space'>, key: string): boolean {
    const read = this.#read.get(space);
    return read !== undefined && isAfter(key, read) && isAfter(key, this.#noted.get(space) ?? '');
  }

  /** To be called with each key that is going to be written, whatever comes of it. */
  note(key: string): void {
    const space = spaceOf(key);
    if (isAfter(key, this.#noted.get(space) ?? '')) this.#noted.set(space, key);
  }

  /** To be called when keys were written without a note. */
  forget(): void {
    this.#read.clear();
  }

  /** `undefined` where it cannot be read, which the store has told by then: then the keys themselves are asked for. */
  async #last(range: ReturnType<Space['under']>): Promise<string | undefined> {
    try {
      for await (const [key] of this.#port.entries({ ...range, reverse: true, limit: 1 })) return key;
      return '';
    } catch {
      return undefined;
    }
  }
}

const isAfter = (key: string, end: string): boolean => compareKeys(key, end) > 0;
