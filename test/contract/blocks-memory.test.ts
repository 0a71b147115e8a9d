import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutes } from '../../core/base/time.ts';
import { blocksDay, growth } from '../support/blocks-day.ts';

const BLOCKS = 3000;

test('blocks that come and end for a day leave nothing behind', { timeout: 60_000 }, async () => {
  const day = await blocksDay(BLOCKS, minutes(1));
  assert.ok(Math.abs((day.at(-1)?.blocks ?? 0) - BLOCKS) < BLOCKS / 50, JSON.stringify(day.at(-1)));
  assert.ok(growth(day) < 1.1, JSON.stringify(day));
});
