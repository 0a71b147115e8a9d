import type { Event } from '../../event/event.ts';
import { type SourceGroups, SourceKeys } from '../trail/keys.ts';
import { cut } from './accounts.ts';
import type { Stream } from './sliding-check.ts';

/** What windows take of an event besides its key. */
export class Entries {
  readonly #stream: Stream;
  readonly #sources: SourceKeys;
  /** Whether the key of an IPv4 address is the address. */
  readonly #isV4Whole: boolean;

  constructor(stream: Stream, groups: SourceGroups) {
    this.#stream = stream;
    this.#sources = new SourceKeys(groups);
    this.#isV4Whole = groups.v4 === 32;
  }

  /** What distinct counts distinguish; undefined when the event has none. */
  valueOf(event: Event): string | number | undefined {
    const { value } = this.#stream;
    if (value.of === 'number') return value.read(event) || undefined;
    const text = value.read(event, this.#sources);
    return text === undefined || text === '' ? undefined : cut(text);
  }

  /** The address, where the key does not say it. */
  peerOf({ sourceIp }: Event): string | undefined {
    return sourceIp === undefined || (this.#isV4Whole && !sourceIp.includes(':')) ? undefined : sourceIp;
  }

  /** How many events it counts for. */
  weightOf({ repeats = 1 }: Event, traits: number): number {
    return (traits & (this.#stream.oncePerConnection ?? 0)) !== 0 ? 1 : repeats;
  }
}
