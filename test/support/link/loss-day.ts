import { Feed } from '../../../actors/controller-link/feed.ts';
import type { StorePort } from '../../../actors/store/index.ts';
import { hours, minutes } from '../../../core/base/time.ts';
import { STREAMS, type StreamName } from '../../../core/link/stream.ts';
import { settled } from '../settled.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { someFinding } from '../some-finding.ts';
import { OutboxSite, sourceOf } from './outbox-site.ts';

export type Counts = Readonly<Record<StreamName, number>>;

const MINUTES = 24 * 60;
/** Of an attack, beside its findings. */
const A_MINUTE = { incident: 12, audit: 1, event: 60 } as const;

/** What a day without a link has left. */
export interface LossDay {
  readonly site: OutboxSite;
  /** How many of each stream were made. */
  readonly made: Counts;
  /** And given up. */
  readonly givenUp: Counts;
  /** In the order in which they began to be given up. */
  readonly lost: readonly StreamName[];
  /** Bytes that waited at the most. */
  readonly mostWaiting: number;
}

/**
 * A day without a link, of the simulated clock and a real store: findings as the appliance keeps them and its feed takes them,
 * incidents, events and audit records beside. It ends now.
 */
export async function lossDay(
  store: StorePort,
  { findings, maxBytes }: { readonly findings: number; readonly maxBytes: number },
): Promise<LossDay> {
  const clock = new SimulatedClock(Date.now() - hours(24));
  const site = new OutboxSite(store, clock);
  site.bounds = { ...site.bounds, maxBytes };
  await site.outbox.load();
  const made = { finding: 0, incident: 0, audit: 0, event: 0 };
  const feed = new Feed(sourceOf(store, () => made.finding).source, { outbox: site.outbox, clock, log: () => {} });
  feed.start();
  const lost: StreamName[] = [];
  let mostWaiting = 0;
  for (let minute = 1; minute <= MINUTES; minute++) {
    const due = Math.round((findings * minute) / MINUTES);
    const now = clock.now();
    await site.keep(
      Array.from({ length: due - made.finding }, (_, n) => ({ ...someFinding(made.finding + n + 1), at: now })),
    );
    made.finding = due;
    for (const [stream, count] of Object.entries(A_MINUTE) as [keyof typeof A_MINUTE, number][]) {
      for (let n = 0; n < count; n++) site.add(stream, ++made[stream]);
    }
    feed.poke();
    clock.advance(minutes(1));
    while (site.outbox.taken('finding') < made.finding) await settled();
    await site.outbox.settled();
    mostWaiting = Math.max(mostWaiting, site.outbox.waitingBytes);
    const counters = site.outbox.counters();
    for (const stream of STREAMS) if (counters[stream].givenUp > 0 && !lost.includes(stream)) lost.push(stream);
  }
  await feed.stop();
  const counters = site.outbox.counters();
  await site.outbox.stop();
  const givenUp = Object.fromEntries(STREAMS.map((stream) => [stream, counters[stream].givenUp])) as Record<
    StreamName,
    number
  >;
  return { site, made, givenUp, lost, mostWaiting };
}
