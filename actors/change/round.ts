import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { millis } from '../../core/base/time.ts';
import type { Change, Evidence } from '../../core/change/change.ts';
import type { BootClock } from './boot-clock.ts';
import type { Probe } from './port.ts';

export interface RoundDeps {
  readonly clock: Clock;
  readonly bootClock: BootClock;
  readonly log: Log;
}

type Seen = Pick<Evidence, 'result' | 'detail'>;

/**
 * Every probe once, all at the same time. One that does not answer within its time, or breaks, has found nothing out. When
 * `signal` aborts, those still running are told and no longer waited for.
 */
export const runRound = (
  probes: readonly Probe[],
  change: Change,
  deps: RoundDeps,
  signal: AbortSignal,
): Promise<readonly Evidence[]> => Promise.all(probes.map((probe) => runProbe(probe, change, deps, signal)));

async function runProbe(probe: Probe, change: Change, deps: RoundDeps, signal: AbortSignal): Promise<Evidence> {
  const { clock, bootClock, log } = deps;
  const { promise, resolve } = Promise.withResolvers<Seen>();
  const unknown = (detail: string): void => resolve({ result: 'unknown', detail });
  const [at, began] = [clock.now(), bootClock.now()];
  const stop = new AbortController();
  const cancel = clock.after(probe.timeout, () => unknown(`no answer within ${probe.timeout} ms`));
  const ended = (): void => unknown('the trial ended before it answered');
  signal.addEventListener('abort', ended);
  const run = async (): Promise<Seen> => await probe.run(change, stop.signal);
  run().then(resolve, (thrown) => {
    if (!stop.signal.aborted) log('error', 'a probe is broken', { probe: probe.name, error: messageOf(thrown) });
    unknown(`the probe is broken: ${messageOf(thrown)}`);
  });
  const { result, detail } = await promise;
  cancel();
  signal.removeEventListener('abort', ended);
  stop.abort();
  return { probe: probe.name, at, result, detail, took: millis(Math.max(0, bootClock.now() - began)) };
}
