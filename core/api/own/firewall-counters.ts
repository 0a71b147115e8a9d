import { Type } from 'typebox';
import { type Millis, millis, rfc3339 } from '../../base/time.ts';
import { parseMoment } from '../../query/moment.ts';
import { KEPT } from '../../respond/counter-history.ts';
import { Count } from '../csm/wire.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';

const USUAL = '1h';

const Counts = Type.Array(Type.Integer({ minimum: 0 }), { description: 'In each step, oldest first' });

const Counter = Type.Object({
  name: Type.String({ description: 'blocked4, blocked_nets4, denied4, list_NAME4, …; trial_… of rules on trial' }),
  total: Type.Object({ packets: Count, bytes: Count }, { description: 'Since the kernel has the counter' }),
  packets: Counts,
  bytes: Counts,
});

export const CounterPage = Type.Object({
  from: Type.String({ description: 'RFC 3339: where the first step begins' }),
  step_seconds: Type.Integer({ description: '10, or as much more as keeps the answer short' }),
  counters: Type.Array(Counter),
});

export const firewallCounters = endpoint({
  name: 'firewallCounters',
  method: 'GET',
  path: '/api/v1/firewall/counters',
  scope: 'read',
  summary: 'What each rule and list of the firewall has counted, in steps of time; of the last day at most',
  query: Type.Object({
    since: Type.Optional(
      Type.String({ maxLength: 64, description: `${USUAL} unless given: 30m, 24h, 2026-11-20 or RFC 3339` }),
    ),
  }),
  example: { query: { since: '30m' } },
  response: CounterPage,
  errors: ['bad_request'],
  handler: async ({ deps: { firewallCounters, clock }, query }) => {
    const now = clock.now();
    const from = parseMoment(query.since || USUAL, now);
    if (from === undefined) return refuse('bad_request', 'since must be a time: 30m, 24h, 2026-11-20 or RFC 3339');
    const { from: begin, step, series } = firewallCounters.since(clamped(from, now));
    return {
      ok: true,
      value: {
        from: rfc3339(begin),
        step_seconds: step / 1000,
        counters: series.map(({ name, total, packets, bytes }) => ({
          name,
          total: { ...total },
          packets: [...packets],
          bytes: [...bytes],
        })),
      },
    };
  },
});

const clamped = (from: Millis, now: Millis): Millis => millis(Math.min(now, Math.max(from, now - KEPT)));
