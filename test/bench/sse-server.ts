/**
 * The API with its event stream in a process of its own, for the bench of streams: `sse-server ENGINE`, with an IPC
 * channel. Says its port; then answers `{ ask: 'memory' }` and `{ ask: 'emit', events, rate }`.
 */

import { systemClock, systemRandom } from '../../actors/clock/index.ts';
import { chooseEngine } from '../../actors/http/index.ts';
import type { FindingId } from '../../core/base/ids.ts';
import { CERTIFICATES } from '../contract/http-engine/bench.ts';
import { FakeAppliance, FINDING } from '../support/api/fake-appliance.ts';
import { apiDispatch } from './http-api.ts';

export type Ask = { readonly ask: 'memory' } | { readonly ask: 'emit'; readonly events: number; readonly rate: number };

export interface Emitted {
  /** When each event was handed over, as Date.now() has it. */
  readonly at: readonly number[];
  /** Longest that the event loop was held, in processor time of its thread. */
  readonly heldMs: number;
  /** Of one core. */
  readonly busy: number;
}

/** How often the event loop is looked at. */
const LOOK_MS = 1;

const appliance = new FakeAppliance();
const { engine } = chooseEngine(process.argv[2] === 'node' ? 'node' : 'uwebsockets', {
  clock: systemClock,
  random: systemRandom,
  log: (level, message, about) => level !== 'info' && console.error(level, message, about),
});
const opened = await engine.listen(
  { host: '127.0.0.1', port: 0 },
  CERTIFICATES.one,
  await apiDispatch(engine.name, { appliance }),
);
if (!opened.ok) throw new Error(opened.public);
process.send?.({ port: opened.value.port });
process.on('disconnect', () => process.exit());
process.on('message', (message) => {
  const asked = message as Ask;
  if (asked.ask === 'emit') void emit(asked.events, asked.rate).then((emitted) => process.send?.(emitted));
  else {
    globalThis.gc?.();
    process.send?.({ rss: process.memoryUsage.rss() });
  }
});

async function emit(events: number, rate: number): Promise<Emitted> {
  const at: number[] = [];
  const watch = watchLoop();
  const before = process.cpuUsage();
  const begun = performance.now();
  await new Promise<void>((resolve) => {
    const tick = setInterval(() => {
      for (const due = ((performance.now() - begun) / 1000) * rate; at.length < Math.min(due, events); ) {
        at.push(Date.now());
        const id = `${FINDING.id.slice(0, -6)}${String(at.length).padStart(6, '0')}` as FindingId;
        appliance.emit({ ...FINDING, id }, appliance.lastSerial() + 1);
      }
      if (at.length < events) return;
      clearInterval(tick);
      // The last ones need a moment to be written.
      setTimeout(resolve, 1000);
    }, 1000 / rate);
  });
  const { user, system } = process.cpuUsage(before);
  return { at, heldMs: watch(), busy: (user + system) / 1000 / (performance.now() - begun) };
}

/**
 * A timer that looks at the thread's processor time each time it fires: what was used since is more than what any one
 * piece of work used. Other processes do not count. @returns ends it and says the most there was
 */
function watchLoop(): () => number {
  let most = 0;
  let last = process.threadCpuUsage();
  const look = setInterval(() => {
    const { user, system } = process.threadCpuUsage(last);
    last = process.threadCpuUsage();
    most = Math.max(most, (user + system) / 1000);
  }, LOOK_MS);
  return () => {
    clearInterval(look);
    return most;
  };
}
