import type { Component, ComponentState } from '../base/component.ts';

/** How the subsystems were before an update: what was good then must be good after it. */
export type Facts = Readonly<Record<string, ComponentState>>;

/**
 * `starting`: something is not up yet, and nothing is wrong. `good`, `bad`: see `judge`.
 */
export type Verdict = 'good' | 'bad' | 'starting';

/** What one look at all subsystems says. */
export interface Judgement {
  readonly verdict: Verdict;
  /** Names of what is wrong; empty unless `bad`. */
  readonly bad: readonly string[];
  /** For a person, a sentence each: what is wrong, what is waited for, and what was let pass. */
  readonly reasons: readonly string[];
}

/** Runs, or is not meant to run at present: what a fresh machine may show. */
const SOUND: readonly ComponentState[] = ['ok', 'off', 'waiting'];
const RANK: Readonly<Record<ComponentState, number>> = {
  ok: 0,
  off: 1,
  waiting: 2,
  starting: 3,
  degraded: 4,
  failed: 5,
};

export const factsOf = (components: readonly Component[]): Facts =>
  Object.fromEntries(components.map(({ name, state }) => [name, state]));

/**
 * Judges one reading. Without facts from before, nothing may be degraded or failed. With them, nothing may be worse than it
 * was: a source that was absent before may be absent, one that was there may not; and what was failed already before does
 * not hold the update back. What exists no more is told and let pass: names are the new version's own.
 */
export function judge(components: readonly Component[], before: Facts = {}): Judgement {
  const views = components.map((component) => viewOf(component, before[component.name]));
  const bad = views.filter(({ kind }) => kind === 'bad').map(({ name }) => name);
  const here = new Set(components.map(({ name }) => name));
  const gone = Object.keys(before).filter((name) => !here.has(name));
  const isStarting = views.length === 0 || views.some(({ kind }) => kind === 'starting');
  const told = (wanted: View['kind']) => views.filter(({ kind }) => kind === wanted).map(({ text }) => text);
  return {
    verdict: bad.length > 0 ? 'bad' : isStarting ? 'starting' : 'good',
    bad,
    reasons: [
      ...told('bad'),
      ...told('starting'),
      ...told('passed'),
      ...gone.map((name) => `${name} is there no more`),
    ],
  };
}

/** `passed`: not well, and no worse than it was. */
interface View {
  readonly name: string;
  readonly kind: 'good' | 'passed' | 'starting' | 'bad';
  readonly text: string;
}

function viewOf({ name, state, message }: Component, was: ComponentState | undefined): View {
  const before = was === undefined ? '' : ` (it was ${was} before the update)`;
  const text = `${name} is ${state}${message === undefined ? '' : `: ${message}`}${before}`;
  if (state === 'starting') return { name, kind: 'starting', text };
  const isNoWorse = was === undefined || was === 'starting' ? SOUND.includes(state) : RANK[state] <= RANK[was];
  if (!isNoWorse) return { name, kind: 'bad', text };
  return { name, kind: SOUND.includes(state) ? 'good' : 'passed', text };
}
