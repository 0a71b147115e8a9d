import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWanted } from '../../../../image/rootfs/wanted.ts';

test('a package is declared with what needs it; one that is unpacked, with its files', () => {
  const read = parseWanted('# heading\n\nkeep  a  for b\nbuild c  for d\nunpack e+f for g {usr/bin/* etc/e}\n');
  assert.deepEqual(read, {
    ok: true,
    value: [
      { role: 'keep', name: 'a', files: [] },
      { role: 'build', name: 'c', files: [] },
      { role: 'unpack', name: 'e+f', files: ['usr/bin/*', 'etc/e'] },
    ],
  });
});

for (const [what, line] of Object.entries({
  'no reason': 'keep a',
  'an unknown role': 'take a for b',
  'files of an installed package': 'keep a for b {usr/bin/a}',
  'no files of an unpacked one': 'unpack a for b',
  'the same package again': 'keep a for b\nbuild a for c',
}))
  test(`a declaration with ${what} is refused`, () => assert.equal(parseWanted(line).ok, false));
