import assert from 'node:assert/strict';
import { decodeStreamBatch } from '../../../actors/link-wire/index.ts';
import type { Gap, StreamItem, StreamName } from '../../../core/link/stream.ts';

interface Numbering {
  next: number;
  readonly items: Map<number, string>;
}

/** Takes streams as a controller would, and holds them to their promises: no holes, and the same number never says two things. */
export class StreamLedger {
  readonly #numberings = new Map<string, Numbering>();
  readonly taken: { readonly stream: StreamName; readonly number: number; readonly item: StreamItem }[] = [];
  readonly replayed: StreamItem[] = [];
  doubles = 0;

  take(topic: string, payload: Uint8Array): void {
    const stream = topic.split('/').at(-1) as StreamName;
    const read = decodeStreamBatch(payload);
    assert.ok(read.ok, read.ok ? '' : read.public);
    const { epoch, first, items, replayed } = read.value;
    if (replayed) {
      this.replayed.push(...items);
      return;
    }
    const key = `${stream} ${epoch}`;
    const one = this.#numberings.get(key) ?? { next: 1, items: new Map<number, string>() };
    this.#numberings.set(key, one);
    assert.ok(first <= one.next, `${key}: ${first} comes where ${one.next} should`);
    let number = first;
    for (const item of items) {
      const count = item.kind === 'gap' ? item.gap.count : 1;
      if (item.kind !== 'gap') this.#same(one, key, number, JSON.stringify(item, jsonBytes));
      if (number + count > one.next) {
        this.taken.push({ stream, number, item });
        one.next = number + count;
      } else this.doubles++;
      number += count;
    }
  }

  #same(one: Numbering, key: string, number: number, said: string): void {
    const before = one.items.get(number);
    if (before !== undefined) assert.equal(said, before, `${key} ${number} said something else before`);
    one.items.set(number, said);
  }

  epochs(stream: StreamName): readonly string[] {
    return [...this.#numberings.keys()].flatMap((key) =>
      key.startsWith(`${stream} `) ? [key.slice(stream.length + 1)] : [],
    );
  }

  /** Number of the last item of the newest numbering. */
  last(stream: StreamName): number {
    const epoch = this.epochs(stream).at(-1);
    return (this.#numberings.get(`${stream} ${epoch}`)?.next ?? 1) - 1;
  }

  items(stream: StreamName): readonly StreamItem[] {
    return this.taken.flatMap((one) => (one.stream === stream && one.item.kind !== 'gap' ? [one.item] : []));
  }

  gaps(stream: StreamName): readonly Gap[] {
    return this.taken.flatMap((one) => (one.stream === stream && one.item.kind === 'gap' ? [one.item.gap] : []));
  }
}

const jsonBytes = (_: string, value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
