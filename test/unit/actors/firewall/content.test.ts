import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentOf, sameContent } from '../../../../actors/firewall/index.ts';
import { loaded } from '../../core/config/surroundings.ts';

test('which lists count, and from where, is content; how often they are looked at is not', () => {
  const content = (list: string) => contentOf(loaded(list === '' ? '' : `lists: [{ name: a, ${list} }]\n`).config);
  const plain = content('source: /x');
  assert.equal(sameContent(plain, content('source: /x, refresh: 5m, max_entries: 9')), true);
  for (const other of [
    '',
    'source: /y',
    'source: /x, kind: allow',
    'source: /x, mode: count',
    'source: /x, format: csv',
  ]) {
    assert.equal(sameContent(plain, content(other)), false, other);
  }
});
