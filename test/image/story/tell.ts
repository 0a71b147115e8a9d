import { Life } from './life.ts';
import type { Outcome } from './outcome.ts';
import type { Facts, LifeStory, Scenario } from './scenario.ts';
import type { Site } from './site.ts';

export interface Telling {
  readonly say: (line: string) => void;
  /** Called with the name of each scenario that is over. */
  readonly told: (name: string) => void;
  /** What runs is given up, and nothing more begun. */
  readonly stopping: AbortSignal;
}

/** As often the time that a scenario takes at most on a machine of its own is waited, since others may use it, too. */
const PATIENCE = 3;

/** What goes on all the same comes to nothing when its guest is taken away. */
function within<T>(seconds: number, work: Promise<T>, stopping: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not done within ${seconds} s`)), seconds * 1000);
  const stop = (): void => reject(stopping.reason);
  stopping.addEventListener('abort', stop);
  work.catch(() => {});
  return Promise.race([work, promise]).finally(() => {
    clearTimeout(timer);
    stopping.removeEventListener('abort', stop);
  });
}

/** Runs the scenarios of a life one after the other; a life that lost what carries it is not gone on with. */
export async function tell(story: LifeStory, site: Site, telling: Telling): Promise<readonly Outcome[]> {
  await using life = await Life.begin(story.name, site);
  const outcomes: Outcome[] = [];
  let lost: string | undefined = telling.stopping.aborted ? 'a signal' : undefined;
  for (const scenario of story.scenarios) {
    const { name } = scenario;
    const outcome =
      lost === undefined
        ? await outcomeOf(scenario, life, telling.stopping)
        : { life: story.name, name, verdict: 'not reached' as const, seconds: 0, facts: {}, why: `after ${lost}` };
    outcomes.push(outcome);
    telling.say(line(outcome));
    telling.told(name);
    if (outcome.verdict === 'failed' && scenario.carries === true) lost = name;
    if (telling.stopping.aborted) lost = 'a signal';
  }
  return outcomes;
}

async function outcomeOf({ name, limit, run }: Scenario, life: Life, stopping: AbortSignal): Promise<Outcome> {
  const begun = performance.now();
  const lasted = (): number => (performance.now() - begun) / 1000;
  try {
    const facts: Facts = (await within(limit * PATIENCE, run(life), stopping)) ?? {};
    return { life: life.name, name, verdict: 'passed', seconds: lasted(), facts };
  } catch (cause) {
    const kept = await life.keepEvidence(name);
    const why = `${textOf(cause)}\nsee ${kept}`;
    return { life: life.name, name, verdict: 'failed', seconds: lasted(), facts: {}, why };
  }
}

function textOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause === undefined ? cause.message : `${cause.message}: ${textOf(cause.cause)}`;
}

const line = ({ life, name, verdict, seconds, facts, why }: Outcome): string =>
  `${verdict.padEnd(11)} ${life}/${name} ${seconds.toFixed(0)} s ${why ?? JSON.stringify(facts)}`;
