import { test } from 'node:test';
import { LivesStory, lives } from '../support/lives-story.ts';
import { placeOnDisk } from '../support/log-places.ts';
import { fc } from '../support/random.ts';

test('on this machine: rotated while its follower lives shortly, every line since the first sight once', async () => {
  const story = fc.asyncProperty(lives, async (told) => {
    using place = placeOnDisk();
    await new LivesStory(place).play(told);
  });
  await fc.assert(story, { numRuns: 40 });
});
