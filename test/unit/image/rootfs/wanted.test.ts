import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWanted } from '../../../../image/rootfs/wanted.ts';

test('a package is declared with what needs it; one that is unpacked, with its files', () => {
  const read = parseWanted('# heading\n\nkeep  aa  for b\nbuild cc  for d\nunpack e+f for g {usr/bin/* etc/e}\n');
  assert.deepEqual(read, {
    ok: true,
    value: [
      { role: 'keep', name: 'aa', files: [] },
      { role: 'build', name: 'cc', files: [] },
      { role: 'unpack', name: 'e+f', files: ['usr/bin/*', 'etc/e'] },
    ],
  });
});

for (const [what, line] of Object.entries({
  'no reason': 'keep aa',
  'an unknown role': 'take aa for b',
  'files of an installed package': 'keep aa for b {usr/bin/a}',
  'no files of an unpacked one': 'unpack aa for b',
  'the same package again': 'keep aa for b\nbuild aa for c',
}))
  test(`a declaration with ${what} is refused`, () => assert.equal(parseWanted(line).ok, false));
