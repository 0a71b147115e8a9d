import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLAIMED, markOf, markText, mayProvision } from '../../../../core/field/provisioning.ts';

const MARK = { sha256: 'a'.repeat(64), at: '2026-01-02T03:04:05Z', origin: 'volume BZCONF' };
const NEW = { isClaimed: false, used: [] };

for (const { what, standing, gives } of [
  { what: 'a new one', standing: NEW, gives: undefined },
  { what: 'one that was provisioned', standing: { ...NEW, provisioned: markText(MARK) }, gives: 'provisioned' },
  { what: 'one whose mark is damaged', standing: { ...NEW, provisioned: '' }, gives: 'provisioned' },
  { what: 'one that somebody administers', standing: { ...NEW, isClaimed: true }, gives: 'claimed' },
  {
    what: 'one that was marked when it was claimed',
    standing: { ...NEW, provisioned: markText({ ...MARK, origin: CLAIMED }) },
    gives: 'claimed',
  },
  { what: 'one that took this config before a reset', standing: { ...NEW, used: ['b', 'c'] }, gives: 'used' },
  { what: 'one that took another config before a reset', standing: { ...NEW, used: ['b'] }, gives: undefined },
  { what: 'one that had begun with it', standing: { ...NEW, begun: 'c', used: ['c'] }, gives: undefined },
  { what: 'one that had it in place, unmarked', standing: { ...NEW, begun: 'c', present: 'c' }, gives: undefined },
  { what: 'one that had begun with another', standing: { ...NEW, begun: 'b', present: 'a' }, gives: undefined },
  {
    what: 'one that had another in place, unmarked',
    standing: { ...NEW, begun: 'b', present: 'b' },
    gives: 'provisioned',
  },
  {
    what: 'one that has it in place, its volume unmarked,',
    standing: { ...NEW, begun: 'c', provisioned: markText({ ...MARK, sha256: 'c' }) },
    gives: undefined,
  },
  {
    what: 'one that has another in place, its volume unmarked,',
    standing: { ...NEW, begun: 'b', provisioned: markText({ ...MARK, sha256: 'b' }) },
    gives: 'provisioned',
  },
  {
    what: 'one that was claimed since it had begun',
    standing: { ...NEW, isClaimed: true, begun: 'c' },
    gives: 'claimed',
  },
])
  test(`${what} ${gives === undefined ? 'takes a config' : `refuses it: ${gives}`}`, () =>
    assert.equal(mayProvision(standing, 'c')?.code, gives));

test('a mark reads back, and whatever its origin holds is one line', () => {
  assert.deepEqual(markOf(markText(MARK)), MARK);
  const forged = markText({ ...MARK, origin: 'x\nsha256=y\u001b[31m' });
  assert.deepEqual(markOf(forged), { ...MARK, origin: 'x?sha256=y?[31m' });
  assert.deepEqual(markOf('\0garbage'), { sha256: 'unknown', at: 'unknown', origin: 'unknown' });
});
