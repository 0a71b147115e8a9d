import { test } from 'node:test';
import { type Deed, deeds, FileStory, settings } from '../../../../support/file-story.ts';
import { LivesStory, lives } from '../../../../support/lives-story.ts';
import { placeInMemory } from '../../../../support/log-places.ts';
import { fc } from '../../../../support/random.ts';

test('whatever happens to a log and its follower, every line written is committed exactly once', async () => {
  const story = fc.asyncProperty(deeds, settings, (told, setting) => new FileStory(setting).play(told));
  await fc.assert(story, { numRuns: 12 });
});

test('lines whose announcement was refused are not read again behind an empty file that was copied away', async () => {
  const told: readonly Deed[] = [
    { kind: 'refuse', count: 1 },
    { kind: 'rotate', create: false },
    { kind: 'lines', count: 1 },
    { kind: 'rotate', create: false },
    { kind: 'copytruncate' },
    { kind: 'commit', count: 2 },
    { kind: 'kill' },
    { kind: 'lines', count: 1 },
    { kind: 'start' },
  ];
  await new FileStory({ seed: 0, dated: false, deaf: false, crowded: false }).play(told);
});

test('rotated while its follower lives shortly, again and again: every line since the first sight once', async () => {
  const story = fc.asyncProperty(lives, (told) => new LivesStory(placeInMemory()).play(told));
  await fc.assert(story, { numRuns: 20 });
});
