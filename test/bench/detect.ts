import { isDeepStrictEqual } from 'node:util';
import { millis } from '../../core/base/time.ts';
import { createDetectors } from '../../core/detect/checks.ts';
import { Pipeline } from '../../core/detect/pipeline.ts';
import { type Event, isEvent } from '../../core/event/event.ts';
import { createParsers } from '../../core/event/parsers.ts';
import { UTC } from '../../core/event/syslog-time.ts';
import { eventAt, ip } from '../support/events.ts';
import { mixedLog } from '../support/mixed-log/mixed-log.ts';
import { mulberry32 } from '../support/mulberry.ts';
import { expectedOf, verdictsOf } from '../support/reference/verdicts.ts';
import { declareBench } from './bench.ts';
import { rounded } from './statistics.ts';

const SEED = 42;
const receivedAt = millis(Date.UTC(2026, 10, 22));
const EVERY = 20_000;

/**
 * What all detectors together cost for each event, without reading and parsing: an authentication log, a web server's log
 * of ordinary visits, and a flood in which every event has a source of its own. Best of a few rounds, as CPU time. Findings
 * of the first are compared with those of the slow reference; `snapshot_us` is what a checkpoint costs for each key in it.
 */
export const detect = declareBench({
  name: 'detect',
  about: 'all detectors together, without parsing: µs of CPU an event; findings against the reference',
  options: {
    lines: { about: 'lines of the log', value: 200_000 },
    rounds: { about: 'rounds; the best one counts', value: 5 },
  },
  run: async ({ lines, rounds }, say) => {
    const events = authEvents(lines);
    const found = verdictsOf(judge(events).flatMap(([, findings]) => findings));
    const expected = expectedOf(events);
    if (!isDeepStrictEqual(found, expected)) throw new Error('the findings are not those of the reference');
    say(`${found.length} findings, as the reference has them: ${tally(found)}`);
    const auth = bestOf(rounds, events);
    const web = bestOf(rounds, webEvents(lines));
    const flood = bestOf(rounds, floodEvents(lines));
    return {
      auth_us: rounded(auth.event, 2),
      web_us: rounded(web.event, 2),
      flood_us: rounded(flood.event, 2),
      snapshot_us: rounded(flood.key, 2),
      found: found.length,
      expected: expected.length,
    };
  },
});

const tally = (found: readonly { readonly check: string }[]): string => {
  const counts = new Map<string, number>();
  for (const { check } of found) counts.set(check, (counts.get(check) ?? 0) + 1);
  return [...counts].map(([check, count]) => `${check} ${count}`).join(', ');
};

function judge(events: readonly Event[]): (readonly [Event, ReturnType<Pipeline['judge']>])[] {
  const pipeline = new Pipeline(new Map(), createDetectors());
  return events.map((event) => [event, pipeline.judge(event)]);
}

/** µs of CPU: of an event, and of a key in a checkpoint taken every `EVERY` events. */
function bestOf(rounds: number, events: readonly Event[]): { readonly event: number; readonly key: number } {
  const best = { event: Number.POSITIVE_INFINITY, key: Number.POSITIVE_INFINITY };
  for (let round = 0; round < rounds; round++) {
    const pipeline = new Pipeline(new Map(), createDetectors());
    let [judging, saving, keys] = [0, 0, 0];
    for (let from = 0; from < events.length; from += EVERY) {
      const batch = events.slice(from, from + EVERY);
      judging += cpuOf(() => {
        for (const event of batch) pipeline.judge(event);
      });
      saving += cpuOf(() => {
        for (const { changes } of pipeline.snapshot()) keys += changes.length;
      });
    }
    best.event = Math.min(best.event, judging / events.length);
    best.key = Math.min(best.key, saving / keys);
  }
  return best;
}

function cpuOf(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function authEvents(lines: number): readonly Event[] {
  const pipeline = new Pipeline(createParsers({ zone: UTC }), []);
  return [...mixedLog({ lines, seed: SEED, isAuthOnly: true })].flatMap(({ text }, i) => {
    const position = { source: 'bench', offset: i * 100 };
    const parsed = pipeline.parse({ text, position, receivedAt, provenance: 'file' }, 'sshd');
    return isEvent(parsed) ? [parsed] : [];
  });
}

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

/** Ordinary visits; one request of twenty is for something that is not there. */
function webEvents(count: number): readonly Event[] {
  const random = mulberry32(SEED);
  return Array.from({ length: count }, (_, i) => {
    const visitor = Math.floor(random() * 2000);
    const page = Math.floor(random() * 5000);
    return eventAt(i / 100, i, {
      category: 'web',
      action: 'http_request',
      sourceIp: ip(`10.${visitor >> 8}.${visitor & 255}.7`),
      http: {
        method: 'GET',
        path: `/shop/category-${page % 50}/product-${page}.html`,
        query: `utm_source=mail&page=${page % 9}&q=garden+chair%20${page}`,
        status: random() < 0.05 ? 404 : 200,
        userAgent: `${AGENT} ${visitor % 300}`,
      },
    });
  });
}

/** Every event from another source. */
function floodEvents(count: number): readonly Event[] {
  return Array.from({ length: count }, (_, i) =>
    eventAt(i / 1000, i * 90, {
      action: 'ssh_failed_password',
      sourceIp: ip(`${11 + (i >> 20)}.${(i >> 12) & 255}.${(i >> 4) & 255}.${(i & 15) * 16 + 1}`),
      sourcePort: i & 65_535,
      user: 'root',
      host: 'edge01',
    }),
  );
}
