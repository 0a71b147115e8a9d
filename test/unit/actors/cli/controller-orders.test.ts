/** What `bartizan controller` says of what was ordered, and how it exits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCommand } from '../../../support/cli.ts';

const [A, B] = ['4K7Q-M2XW-9TC', '9B2D-M2XW-9TC'];
const COMMANDS = '/v1/commands';
const row = (serial: string, state: string, more = {}) => ({ serial, id: `id-${serial}`, state, text: '', ...more });
const ordered = (line: string, ...rows: readonly object[]) =>
  runCommand(['controller', ...line.split(' ')], {
    controller: {
      [COMMANDS]: rows,
      '/v1/confirm': rows,
      [`/v1/results/id-${A}`]: Buffer.from('of A'),
      [`/v1/results/id-${B}`]: Buffer.from('of B'),
    },
  });

for (const { line, states, code } of [
  { line: 'cmd scan all', states: ['done', 'done'], code: 0 },
  { line: 'cmd scan all', states: ['done', 'sent'], code: 6 },
  { line: 'cmd scan all', states: ['refused', 'sent'], code: 4 },
  { line: 'cmd scan all --within 0', states: ['sent', 'sent'], code: 0 },
  { line: 'confirm all', states: ['sent', 'done'], code: 6 },
  { line: 'cmd diagnostics all b.tgz --within 0', states: ['sent', 'sent'], code: 6 },
]) {
  test(`"${line}" that comes to ${states.join(' and ')} exits with ${code}`, async () => {
    const [first = '', second = ''] = states;
    assert.equal((await ordered(line, row(A, first), row(B, second))).code, code);
  });
}

test('of commands there is no column of generations, and no word stands twice', async () => {
  const observing = { code: 'observing', text: 'observing: the kernel is not touched' };
  const { out, code } = await ordered('cmd block all 192.0.2.1', row(A, 'refused', observing), row(B, 'done'));
  assert.equal(code, 4);
  assert.match(out, /^SERIAL +CAME TO +WHY\n/);
  assert.match(out, / observing: the kernel is not touched$/m);
  assert.doesNotMatch(out, /observing: observing/);
  const other = await ordered('cmd block all 192.0.2.1', row(A, 'refused', { code: 'busy', text: 'too many' }));
  assert.match(other.out, / busy: too many$/m);
});

test('bundles of several appliances have a file each', async () => {
  const two = await ordered('cmd diagnostics all /tmp/x/b.tar.gz', row(A, 'done'), row(B, 'done'));
  assert.deepEqual(two.written, { [`/tmp/x/b-${A}.tar.gz`]: 'of A', [`/tmp/x/b-${B}.tar.gz`]: 'of B' });
  assert.equal(two.code, 0);
  for (const path of Object.keys(two.written)) assert.ok(two.out.includes(`${path}\n`), two.out);
  const bare = await ordered('cmd diagnostics all bundle', row(A, 'done'), row(B, 'failed'), row('C', 'done'));
  assert.deepEqual(Object.keys(bare.written), [`bundle-${A}`, `bundle-${B}`]);
  assert.deepEqual([bare.code, /C: no bundle came/.test(bare.err)], [4, true]);

  const one = await ordered(`cmd diagnostics ${A} b.tar.gz`, row(A, 'done'));
  assert.deepEqual([one.written, one.code], [{ 'b.tar.gz': 'of A' }, 0]);
  const away = await ordered(`cmd diagnostics ${A} b.tar.gz`, row(A, 'sent'));
  assert.deepEqual([away.written, away.code], [{}, 6]);
});
