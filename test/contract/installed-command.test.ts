import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../support/root.ts';

const SCRIPT = readFileSync(join(ROOT, 'image/tree/bartizan'), 'utf8').replace('/usr/lib/bartizan/node', 'echo');
const SMALL = '--max-semi-space-size=2';

for (const { words, isSmall } of [
  { words: ['controller', 'serve', '--export'], isSmall: true },
  { words: ['controller', 'list'], isSmall: false },
  { words: ['status'], isSmall: false },
  { words: [], isSmall: false },
]) {
  test(`bartizan ${words.join(' ')} has ${isSmall ? 'little' : 'as much'} room for new objects`, () => {
    const { stdout } = spawnSync('dash', ['-c', SCRIPT, 'bartizan', ...words], { encoding: 'utf8' });
    const expected = ['--disallow-code-generation-from-strings', ...(isSmall ? [SMALL] : [])];
    assert.deepEqual(stdout.trim().split(' '), [...expected, '/usr/lib/bartizan/dist/bundle/main.js', ...words]);
  });
}
