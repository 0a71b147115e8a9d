import type { Millis } from '../../core/base/time.ts';
import type { BatchNote } from '../../core/link/outbox.ts';

/** A batch in its place. */
export interface Batch extends BatchNote {
  /** Position of the first item. */
  readonly first: number;
  /** As carried, for as long as it is not worth reading it again. */
  body?: Uint8Array;
  /** As it is being read, ahead of its turn. */
  reading?: Promise<Uint8Array>;
  state: 'waiting' | 'sending' | 'sent';
}

export const endOf = ({ first, count }: Batch): number => first + count - 1;

/** The batches of a stream in their order: those that are kept though the broker has them, then those that are not sent. */
export class BatchLine {
  #batches: Batch[] = [];
  /** The first that the broker does not have. */
  #head = 0;
  /** The first that is not on its way. */
  #next = 0;
  #waitingBytes = 0;
  #keptBytes = 0;
  #outstanding = 0;

  /** Of what the broker does not have. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** On their way. */
  get outstanding(): number {
    return this.#outstanding;
  }

  get last(): Batch | undefined {
    return this.#batches.at(-1);
  }

  /** How many are not on their way yet. */
  get waiting(): number {
    return this.#batches.length - this.#next;
  }

  add(batch: Batch): void {
    this.#batches.push(batch);
    if (batch.state !== 'sent') this.#waitingBytes += batch.bytes;
    else {
      this.#keptBytes += batch.bytes;
      this.#head = this.#batches.length;
      this.#next = this.#head;
    }
  }

  /** The last one, which is not on its way, as it is from now on. */
  replaceLast(batch: Batch): void {
    const last = this.#batches.pop();
    if (last !== undefined) this.#waitingBytes -= last.bytes;
    this.add(batch);
  }

  /** The next to be sent. */
  peek(): Batch | undefined {
    return this.#batches[this.#next];
  }

  /** The one that comes after so many others. */
  ahead(count: number): Batch | undefined {
    return this.#batches[this.#next + count];
  }

  /** The next so many, in their order. */
  upcoming(count: number): readonly Batch[] {
    return this.#batches.slice(this.#next, this.#next + count);
  }

  /** The next one is on its way. */
  begin(): void {
    const batch = this.#batches[this.#next];
    if (batch === undefined) return;
    batch.state = 'sending';
    this.#next++;
    this.#outstanding++;
    this.#skipSent();
  }

  /** Nothing is on its way any more: what the broker has not acknowledged is to be sent again. */
  rewind(): void {
    for (let i = this.#head; i < this.#next; i++) {
      const batch = this.#batches[i];
      if (batch?.state === 'sending') batch.state = 'waiting';
    }
    this.#next = this.#head;
    this.#outstanding = 0;
    this.#skipSent();
  }

  /** The broker has it. @returns those that nobody waits for any more, in their order */
  acknowledge(batch: Batch): readonly Batch[] {
    if (batch.state === 'sending') this.#outstanding--;
    batch.state = 'sent';
    const gone: Batch[] = [];
    for (;;) {
      const head = this.#batches[this.#head];
      if (head?.state !== 'sent') return gone;
      this.#head++;
      this.#next = Math.max(this.#next, this.#head);
      this.#waitingBytes -= head.bytes;
      this.#keptBytes += head.bytes;
      gone.push(head);
    }
  }

  /** One that came after it may be acknowledged already. */
  #skipSent(): void {
    while (this.#batches[this.#next]?.state === 'sent') this.#next++;
  }

  /** The oldest that is not on its way and is more than a gap. */
  oldestWaiting(): Batch | undefined {
    for (let i = this.#next; i < this.#batches.length; i++) {
      const batch = this.#batches[i];
      if (batch !== undefined && batch.gap === undefined) return batch;
      // Gaps stand at the front: what is given up is the oldest.
    }
    return undefined;
  }

  /** The one ahead of a batch that is not on its way itself. */
  before(batch: Batch): Batch | undefined {
    const place = this.#batches.indexOf(batch, this.#next);
    return place > this.#next ? this.#batches[place - 1] : undefined;
  }

  /** Puts one in the place of some that stand side by side and are not on their way. */
  exchange(old: readonly Batch[], batch: Batch): void {
    const [first] = old;
    if (first === undefined) return;
    const place = this.#batches.indexOf(first, this.#next);
    this.#batches.splice(place, old.length, batch);
    for (const { bytes } of old) this.#waitingBytes -= bytes;
    this.#waitingBytes += batch.bytes;
  }

  /** Forgets the oldest of those that the broker has. */
  dropKept(isToGo: (batch: Batch, keptBytes: number) => boolean): readonly Batch[] {
    let count = 0;
    let bytes = this.#keptBytes;
    for (; count < this.#head; count++) {
      const batch = this.#batches[count];
      if (batch === undefined || !isToGo(batch, bytes)) break;
      bytes -= batch.bytes;
    }
    if (count === 0) return [];
    const gone = this.#batches.splice(0, count);
    this.#head -= count;
    this.#next -= count;
    this.#keptBytes = bytes;
    return gone;
  }

  /** Those that hold some of these positions. */
  covering(from: number, to: number): readonly Batch[] {
    return this.#batches.filter((batch) => endOf(batch) >= from && batch.first <= to);
  }

  /** When the oldest was made that is not on its way. */
  get oldestAt(): Millis | undefined {
    return this.oldestWaiting()?.oldestAt;
  }
}
