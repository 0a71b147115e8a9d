import { test } from 'node:test';
import { deeds, FileStory, settings } from '../../../../support/file-story.ts';
import { LivesStory, lives } from '../../../../support/lives-story.ts';
import { placeInMemory } from '../../../../support/log-places.ts';
import { fc } from '../../../../support/random.ts';

test('whatever happens to a log and its follower, every line written is committed exactly once', async () => {
  const story = fc.asyncProperty(deeds, settings, (told, setting) => new FileStory(setting).play(told));
  await fc.assert(story, { numRuns: 12 });
});

test('rotated while its follower lives shortly, again and again: every line since the first sight once', async () => {
  const story = fc.asyncProperty(lives, (told) => new LivesStory(placeInMemory()).play(told));
  await fc.assert(story, { numRuns: 20 });
});
