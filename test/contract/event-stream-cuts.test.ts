import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventBench } from '../support/api/event-bench.ts';
import { eventsIn, type ReadEvent, type StreamClient, serialOf } from '../support/api/stream-client.ts';
import { SEED, seeded } from '../support/random.ts';

const CUTS = 1000;
const CLIENTS = 5;

/** A client that comes back with the last id it has read, whatever happens to its line. */
class Visitor {
  readonly #bench: EventBench;
  #line: StreamClient | undefined;
  #seen = '0';
  #dialling: Promise<void> | undefined;
  cuts = 0;
  readonly read: ReadEvent[] = [];

  constructor(bench: EventBench) {
    this.#bench = bench;
  }

  /** One line at a time. */
  connect(): Promise<void> {
    this.#dialling ??= this.#dial().finally(() => {
      this.#dialling = undefined;
    });
    return this.#dialling;
  }

  sip(most: number): void {
    this.#line?.read(most);
  }

  /** Only whole frames count: a standard client forgets half a one. A marker without an id says: come back for it. */
  cut(): void {
    if (this.#line === undefined) return;
    const events = eventsIn(this.#line.received);
    this.#line.leave();
    this.#line = undefined;
    this.cuts++;
    this.read.push(...events.filter(({ id }) => id !== undefined));
    this.#seen = events.findLast(({ id }) => id !== undefined)?.id ?? this.#seen;
  }

  /** Reads to the end, as fast as it comes; an old line may have been ended for its slowness. */
  async drain(): Promise<void> {
    this.#line?.read();
    this.cut();
    await this.connect();
    for (let last = -1; last !== this.#line?.received.length; ) {
      last = this.#line?.received.length ?? 0;
      this.#line?.read();
      await this.#bench.rest();
      this.#line?.read();
    }
    this.cut();
  }

  async #dial(): Promise<void> {
    this.#line ??= await this.#bench.connect(this.#seen);
  }
}

test(`${CUTS} cuts anywhere: every event exactly once and in order`, async () => {
  const random = seeded(SEED);
  const below = (limit: number) => Math.floor(random() * limit);
  const bench = new EventBench();
  const visitors = Array.from({ length: CLIENTS }, () => new Visitor(bench));
  const one = () => visitors[below(CLIENTS)] as Visitor;
  const deeds: readonly (() => Promise<void> | void)[] = [
    () => bench.make(1),
    () => bench.make(1 + below(8)),
    () => one().connect(),
    () => one().connect(),
    () => one().cut(),
    () => one().cut(),
    () => one().sip(below(3000)),
    () => one().sip(below(3000)),
    () => one().sip(Number.POSITIVE_INFINITY),
    () => bench.rest(),
    () => bench.api.clock.advance(below(8)),
  ];
  while (visitors.reduce((sum, { cuts }) => sum + cuts, 0) < CUTS) {
    const deed = deeds[below(deeds.length)]?.();
    // Half of the time the next thing happens while this one is still under way.
    if (random() < 0.5) await deed;
  }
  await bench.rest();
  const serials = Array.from({ length: bench.made }, (_, i) => i + 1);
  for (const visitor of visitors) {
    await visitor.drain();
    assert.deepEqual(
      visitor.read.map(({ event, id }) => (event === 'message' ? serialOf(id) : event)),
      serials,
    );
    assert.deepEqual(
      visitor.read.map((read) => bench.numberOf(read)),
      serials,
    );
  }
});
