import type { Life } from './life.ts';

/** Figures and words worth keeping: seconds, megabytes, versions. */
export type Facts = Readonly<Record<string, number | string>>;

/** One thing that the image is to show. */
export interface Scenario {
  readonly name: string;
  /** A sentence for the docs and the report. */
  readonly shows: string;
  /** Seconds that it takes at most, on a machine that does nothing else. */
  readonly limit: number;
  /** The ones after it in the same life cannot be without it. */
  readonly carries?: boolean;
  readonly run: (life: Life) => Promise<Facts | undefined>;
}

/** A guest's disk from its first boot on, and what happens to it, in order: scenarios share its boots. */
export interface LifeStory {
  readonly name: string;
  /** Until this one of its scenarios is over no other life is begun: it measures. */
  readonly quietUntil?: string;
  readonly scenarios: readonly Scenario[];
}

/** What is left of a life when only these scenarios are wanted: they, and what carries them. */
export function planned(stories: readonly LifeStory[], wanted: readonly string[]): readonly LifeStory[] {
  const known = stories.flatMap(({ scenarios }) => scenarios.map(({ name }) => name));
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no such scenario: ${unknown.join(', ')}; there are ${known.join(', ')}`);
  if (wanted.length === 0) return stories;
  return stories.flatMap((story) => {
    const last = story.scenarios.findLastIndex(({ name }) => wanted.includes(name));
    const kept = story.scenarios.filter(
      ({ name, carries }, place) => place <= last && (carries === true || wanted.includes(name)),
    );
    return kept.length === 0 ? [] : [{ ...story, scenarios: kept }];
  });
}
