import { hours, type Millis, millis, plus, seconds } from '../base/time.ts';

/** A named counter as the kernel has it: what it counted since it was made. */
export interface CounterReading {
  readonly name: string;
  readonly packets: number;
  readonly bytes: number;
}

/** What a counter counted in each of some steps of time, oldest first. */
export interface CounterSeries {
  readonly name: string;
  /** As last read. */
  readonly total: { readonly packets: number; readonly bytes: number };
  readonly packets: readonly number[];
  readonly bytes: readonly number[];
}

export interface CounterPage {
  /** Where the first step begins. */
  readonly from: Millis;
  readonly step: Millis;
  readonly series: readonly CounterSeries[];
}

/** Between two readings. */
export const SAMPLE: Millis = seconds(10);
/** How long is looked back. */
export const KEPT: Millis = hours(24);
const SLOTS = KEPT / SAMPLE;
/** Counters whose past is kept, 140 kB each; those beyond have a total only. */
export const MOST_SERIES = 64;
/** Steps of an answer. */
export const MOST_STEPS = 1440;

interface Past {
  readonly packets: Float64Array;
  readonly bytes: Float64Array;
}

/**
 * What counters counted in each ten seconds of the last day. A counter that is lower than before was made anew; what one
 * had counted before it was first seen belongs to no step. By the wall clock: what is read after it was set back is added
 * to the newest step, and a leap forward leaves steps in which nothing was counted.
 */
export class CounterHistory {
  readonly #readings = new Map<string, CounterReading>();
  /** Only of counters that counted anything. */
  readonly #past = new Map<string, Past>();
  /** Number of the newest step since 1970. */
  #newest = 0;

  /** Takes what all counters stand at now; one that is missing is gone, and its past stays. */
  take(readings: readonly CounterReading[], now: Millis): void {
    this.#turnTo(Math.floor(now / SAMPLE));
    for (const reading of readings) {
      const before = this.#readings.get(reading.name);
      if (before !== undefined) this.#add(reading.name, grown(reading, before));
    }
    this.#readings.clear();
    for (const reading of readings) this.#readings.set(reading.name, reading);
  }

  /** @param step a multiple of `SAMPLE` */
  since(from: Millis, now: Millis, step: Millis = stepFor(from, now)): CounterPage {
    const width = step / SAMPLE;
    const end = Math.floor(now / SAMPLE) + 1;
    const steps = Math.max(1, Math.min(MOST_STEPS, Math.ceil((end - Math.floor(from / SAMPLE)) / width)));
    const first = end - steps * width;
    const names = new Set([...this.#readings.keys(), ...this.#past.keys()]);
    const series = [...names].map((name): CounterSeries => {
      const { packets = 0, bytes = 0 } = this.#readings.get(name) ?? {};
      const past = this.#past.get(name);
      const sums = (of: Float64Array | undefined) => this.#sums(of, first, { width, steps });
      return { name, total: { packets, bytes }, packets: sums(past?.packets), bytes: sums(past?.bytes) };
    });
    return { from: millis(first * SAMPLE), step, series };
  }

  #sums(past: Float64Array | undefined, first: number, { width, steps }: { width: number; steps: number }): number[] {
    const sums = new Array<number>(steps).fill(0);
    if (past === undefined) return sums;
    const oldest = Math.max(first, this.#newest - SLOTS + 1);
    for (let slot = oldest; slot <= this.#newest; slot++) {
      const i = Math.floor((slot - first) / width);
      if (i < steps) sums[i] = (sums[i] ?? 0) + (past[slot % SLOTS] ?? 0);
    }
    return sums;
  }

  /** Steps that were passed over hold nothing, whatever they held a day ago. */
  #turnTo(slot: number): void {
    if (this.#newest === 0) this.#newest = slot;
    const passed = Math.min(SLOTS, slot - this.#newest);
    for (let i = 0; i < passed; i++) {
      for (const { packets, bytes } of this.#past.values()) {
        packets[(slot - i) % SLOTS] = 0;
        bytes[(slot - i) % SLOTS] = 0;
      }
    }
    this.#newest = Math.max(this.#newest, slot);
    for (const [name, { packets }] of this.#past)
      if (!this.#readings.has(name) && packets.every((count) => count === 0)) this.#past.delete(name);
  }

  #add(name: string, { packets, bytes }: Omit<CounterReading, 'name'>): void {
    if (packets === 0) return;
    const past = this.#past.get(name) ?? this.#begin(name);
    if (past === undefined) return;
    const at = this.#newest % SLOTS;
    past.packets[at] = (past.packets[at] ?? 0) + packets;
    past.bytes[at] = (past.bytes[at] ?? 0) + bytes;
  }

  #begin(name: string): Past | undefined {
    if (this.#past.size >= MOST_SERIES) return undefined;
    const past = { packets: new Float64Array(SLOTS), bytes: new Float64Array(SLOTS) };
    this.#past.set(name, past);
    return past;
  }
}

/** The least step by which an answer is not too long. */
export const stepFor = (from: Millis, now: Millis): Millis => {
  const slots = Math.max(1, Math.ceil((plus(now, SAMPLE) - from) / SAMPLE));
  return millis(Math.ceil(slots / MOST_STEPS) * SAMPLE);
};

const grown = (now: CounterReading, before: CounterReading): Omit<CounterReading, 'name'> =>
  now.packets < before.packets || now.bytes < before.bytes
    ? now
    : { packets: now.packets - before.packets, bytes: now.bytes - before.bytes };
