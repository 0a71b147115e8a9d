import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextGeneration } from '../../../../core/link/generations.ts';

test('the next generation is behind what was given out and behind what somebody has seen', () => {
  assert.equal(nextGeneration(0, 0), 1);
  assert.equal(nextGeneration(7, 3), 8);
  assert.equal(nextGeneration(3, 7), 8);
});

test('whoever says that he has seen the last numbers of all does not drive the numbers there', () => {
  assert.equal(nextGeneration(7, Number.MAX_SAFE_INTEGER), 8);
  let given = 0;
  for (let i = 0; i < 1000; i++) given = nextGeneration(given, 2 ** 40);
  assert.equal(given, 2 ** 40 + 1000);
});
