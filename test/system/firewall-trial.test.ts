import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { FirewallContent } from '../../actors/firewall/index.ts';
import { ADMIN, Boundary, firstLine, Pulse } from '../support/boundary.ts';
import { namespacesUnavailable, waitUntil } from '../support/network-namespace.ts';
import type { TrialOrder } from './firewall-trial-child.ts';

const CHILD = fileURLToPath(new URL('./firewall-trial-child.js', import.meta.url));
const RUNS = Number(process.env['BARTIZAN_TRIAL_RUNS'] ?? 6);
/** How long a trial lasts, ms. */
const LASTS = 700;
/** By how much a timeout of the kernel may end early, ms: it counts in ticks of up to 10 ms. */
const TICK = 12;
/** Within which an admin is back, ms after the deadline. */
const BACK_WITHIN = 100;

const CONFIRMED: FirewallContent = { infra: [ADMIN.v4, ADMIN.v6], denied: ['203.0.113.0/24'] };
/** Candidates that cut the admin off, who is blocked and let in by infra alone. */
const CUTTING: readonly (readonly [string, FirewallContent])[] = [
  ['everything denied', { infra: [], denied: ['0.0.0.0/0', '::/0'] }],
  ['infra removed', { infra: [], denied: [] }],
  [
    'hostile',
    {
      infra: Array.from({ length: 500 }, (_, i) => `10.${i >> 8}.${i & 255}.0/25`),
      denied: [`${ADMIN.v4}/32`, '192.0.2.0/24', '2001:db8:1::/64', '::/1', '8000::/1'],
    },
  ],
];

describe('a trial whose every process is killed', { skip: namespacesUnavailable() }, () => {
  let boundary: Boundary;
  let pulse: Pulse;
  before(async () => {
    boundary = new Boundary();
    await boundary.open();
    pulse = new Pulse();
    await pulse.start(boundary);
    await waitUntil('the admin is heard everywhere', 10_000, () => everywhere(0));
  });
  after(() => boundary?.[Symbol.dispose]());

  const ways = ['new', 'flow', 'lasting'] as const;
  const everywhere = (since: number): boolean =>
    ways.every((how) => pulse.targets.every((to) => pulse.between(since, Infinity, how, to).length > 0));

  /** @returns how long after the deadline each kind of packet first had an answer, ms */
  async function lived(candidate: FirewallContent): Promise<{ readonly fresh: number[]; readonly lasting: number[] }> {
    const { edge } = boundary;
    const order: TrialOrder = {
      netns: edge.name,
      confirmed: CONFIRMED,
      candidate,
      blocked: [ADMIN.v4, ADMIN.v6],
      lasts: LASTS,
    };
    const child = edge.spawn(process.execPath, [CHILD, JSON.stringify(order)]);
    const [deadline = 0, armed = 0] = (await firstLine(child)).split(' ').map(Number);
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await waitUntil('the admin is back', LASTS + 10_000, () => everywhere(deadline));
    const back = (how: string, to: string): number => {
      // What was answered before, a loaded machine may notice late.
      const early = pulse.between(armed + 100, deadline - TICK, how, to).map(({ at }) => at - deadline);
      assert.deepEqual(early, [], `${how} to ${to} while cut off, ms before the deadline`);
      return (pulse.between(deadline - TICK, Infinity, how, to)[0]?.at ?? Infinity) - deadline;
    };
    return {
      fresh: ['new', 'flow'].flatMap((how) => pulse.targets.map((to) => back(how, to))),
      lasting: pulse.targets.map((to) => back('lasting', to)),
    };
  }

  test('falls back in the kernel: the admin is back within 100 ms, over IPv4 and IPv6, at the edge and behind it', async (t) => {
    const all: number[] = [];
    const tcp: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const [what, candidate] = CUTTING[run % CUTTING.length] ?? ['', CONFIRMED];
      const { fresh, lasting } = await lived(candidate);
      assert.ok(Math.max(...fresh) < BACK_WITHIN, `${what}: ${fresh.map((time) => time.toFixed(1)).join(' ')}`);
      all.push(...fresh);
      tcp.push(...lasting);
    }
    t.diagnostic(`${RUNS} trials; new connections and datagrams of a flow: ${quantiles(all)}`);
    // They live on; when TCP sends again what was lost is its own affair.
    t.diagnostic(`TCP connections from before: ${quantiles(tcp)}`);
  });
});

function quantiles(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string => `${(sorted[Math.ceil(sorted.length * share) - 1] ?? 0).toFixed(1)} ms`;
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} of ${sorted.length}`;
}
