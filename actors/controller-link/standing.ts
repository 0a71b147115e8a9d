import type { Component, ComponentState } from '../../core/base/component.ts';
import { type Millis, rfc3339 } from '../../core/base/time.ts';
import { STREAMS } from '../../core/link/stream.ts';
import type { Connection } from './connection.ts';
import type { Outbox } from './outbox.ts';
import type { OrdersCounters } from './port.ts';

/** Everything that the state of the component follows from. */
export interface StandingFacts {
  readonly isEnabled: boolean;
  /** Its files cannot be read, or the controller does not want it any more. */
  readonly isOver: boolean;
  /** None where it is not enrolled. */
  readonly certificateUntil: Millis | undefined;
  readonly isUp: boolean;
  readonly trouble: string | undefined;
  readonly now: Millis;
}

/** What the link says of itself, and what to do about it. */
export function standingOf({ isEnabled, isOver, certificateUntil: until, isUp, trouble, now }: StandingFacts): {
  readonly state: ComponentState;
  readonly message?: string;
} {
  if (!isEnabled) return { state: 'off' };
  if (isOver) return { state: 'failed', message: `${trouble ?? ''}; enroll anew with bartizan enroll TOKEN` };
  if (until === undefined) {
    return { state: 'waiting', message: 'not enrolled: bartizan enroll TOKEN with a token of the controller' };
  }
  if (isUp) return trouble === undefined ? { state: 'ok' } : { state: 'degraded', message: trouble };
  if (trouble === undefined) return { state: 'starting' };
  const past = until < now ? `; the certificate has ended at ${rfc3339(until)}: enroll anew` : '';
  return { state: 'degraded', message: `no connection to a broker: ${trouble}${past}` };
}

const NOTHING = { items: 0, sent: 0, givenUp: 0 };

/** What has gone over the link, what waits, and what came of orders. */
export function countersOf(
  connection: Connection | undefined,
  outbox: Outbox | undefined,
  orders: OrdersCounters = { taken: 0, refused: {} },
): Component['counters'] {
  const streams = outbox?.counters();
  return {
    connections: connection?.counters.connections ?? 0,
    failures: connection?.counters.failures ?? 0,
    messages: connection?.sent.messages ?? 0,
    bytes_sent: connection?.traffic.sent ?? 0,
    bytes_received: connection?.traffic.received ?? 0,
    waiting_bytes: outbox?.waitingBytes ?? 0,
    orders_taken: orders.taken,
    ...Object.fromEntries(Object.entries(orders.refused).map(([code, count]) => [`refused ${code}`, count])),
    ...Object.fromEntries(
      STREAMS.flatMap((stream) => {
        const { items, sent, givenUp } = streams?.[stream] ?? NOTHING;
        return [
          [`${stream}_items`, items],
          [`${stream}_sent`, sent],
          [`${stream}_given_up`, givenUp],
        ];
      }),
    ),
  };
}
