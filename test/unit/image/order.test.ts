import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOrder } from '../../../image/order.ts';

for (const [words, order] of [
  [[], { mode: 'build', newest: false, fast: false }],
  [['build', '--version', '2.0.0-rc.1'], { mode: 'build', newest: false, fast: false, version: '2.0.0-rc.1' }],
  [
    ['--version=2', '--overlay', 'x/y', '--newest'],
    { mode: 'build', newest: true, fast: false, version: '2', overlay: 'x/y' },
  ],
  [['--fast'], { mode: 'build', newest: false, fast: true }],
  [['lock'], { mode: 'lock' }],
  [['test', '--power-cuts', '10'], { mode: 'test', rest: ['--power-cuts', '10'] }],
] as const)
  test(`npm run image -- ${words.join(' ')}`, () => assert.deepEqual(readOrder(words), { ok: true, value: order }));

for (const words of [
  ['--version'],
  ['--version', '../../etc'],
  ['--version=a b'],
  ['--overlay'],
  ['lock', 'x'],
  ['flash'],
])
  test(`npm run image -- ${words.join(' ')} is refused`, () => assert.equal(readOrder(words).ok, false));
