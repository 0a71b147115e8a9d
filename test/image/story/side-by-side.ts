import type { Outcome } from './outcome.ts';
import type { LifeStory } from './scenario.ts';

/** @param told is to be called with the name of each scenario that is over */
export type TellOne = (story: LifeStory, told: (name: string) => void) => Promise<readonly Outcome[]>;

/** Tells the lives in their order, at most so many at once. @returns all outcomes, in the order of the lives */
export async function sideBySide(
  stories: readonly LifeStory[],
  atOnce: number,
  tellOne: TellOne,
): Promise<readonly Outcome[]> {
  const outcomes: (readonly Outcome[])[] = [];
  const queue = stories.entries();
  let quiet = Promise.resolve();
  const lane = async (): Promise<void> => {
    for (const [place, story] of queue) {
      const before = quiet;
      const { promise, resolve } = Promise.withResolvers<void>();
      const isQuiet = story.scenarios.some(({ name }) => name === story.quietUntil);
      if (isQuiet) quiet = promise;
      await before;
      const told = (name: string): void => (name === story.quietUntil ? resolve() : undefined);
      outcomes[place] = await tellOne(story, told).finally(resolve);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return outcomes.flat();
}
