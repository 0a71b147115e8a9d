import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CursorPaging, type NumberPaging, pageParameters, readPage } from '../../../../core/api/paging.ts';
import { CSM_PAGING, OWN_PAGING } from '../../../../core/api/surface.ts';
import { SECOND_PAGING } from '../../../support/api/second-surface.ts';

const START = { ...SECOND_PAGING, offset: 'start' } as const satisfies NumberPaging;
const SIZED = { ...OWN_PAGING, limit: 'size', most: 500 } as const satisfies CursorPaging;

const page = (limit: number, offset: number) => ({ ok: true, value: { limit, offset } });
const refused = (name: string, least: number) => ({
  ok: false,
  code: 'bad_page',
  public: `${name} must be a whole number, ${least} or more`,
});

for (const [name, paging, query, wanted] of [
  ['nothing', CSM_PAGING, {}, page(50, 0)],
  ['limit and offset', CSM_PAGING, { limit: '20', offset: '40' }, page(20, 40)],
  ['more than there may be', CSM_PAGING, { limit: '9999', offset: '9999999999' }, page(5000, 1_000_000_000)],
  ['none, in CSM', CSM_PAGING, { limit: '0' }, page(50, 0)],
  ['nonsense, in CSM', CSM_PAGING, { limit: 'x', offset: '-1' }, page(50, 0)],
  ['names of another dialect', CSM_PAGING, { skip: '3', start: '4' }, page(50, 0)],
  ['skip and limit', SECOND_PAGING, { limit: '5', skip: '10' }, page(5, 10)],
  ['more than there may be, where nonsense is refused', SECOND_PAGING, { limit: '101' }, page(100, 0)],
  ['none, where that is refused', SECOND_PAGING, { limit: '0' }, refused('limit', 1)],
  ['nonsense, where that is refused', SECOND_PAGING, { skip: '1e3' }, refused('skip', 0)],
  ['start and limit', START, { start: '7', limit: '9' }, page(9, 7)],
] as const)
  test(`${name}: ${JSON.stringify(query)}`, () => assert.deepEqual(readPage(paging as NumberPaging, query), wanted));

for (const [name, paging, query, wanted] of [
  ['the first page', OWN_PAGING, {}, { limit: 100 }],
  ['behind a cursor', OWN_PAGING, { before: 'abc', limit: '7' }, { limit: 100, cursor: 'abc' }],
  ['of a size', SIZED, { size: '700' }, { limit: 500 }],
] as const)
  test(`by cursor, ${name}: ${JSON.stringify(query)}`, () =>
    assert.deepEqual(readPage(paging as CursorPaging, query), { ok: true, value: wanted }));

test('the documented parameters are those that are read', () => {
  assert.deepEqual(Object.keys(pageParameters(CSM_PAGING)), ['limit', 'offset']);
  assert.deepEqual(Object.keys(pageParameters(START)), ['limit', 'start']);
  assert.deepEqual(Object.keys(pageParameters(OWN_PAGING)), ['before']);
  assert.deepEqual(Object.keys(pageParameters(SIZED)), ['size', 'before']);
});
