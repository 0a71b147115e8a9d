import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCidr } from '../../../../../core/base/ip.ts';
import { CountryTree } from '../../../../../core/respond/lists/mmdb.ts';
import { smallTree } from '../../../../support/mmdb.ts';

const TREE = smallTree([
  ['198.51.100.0/24', 'DE'],
  ['198.51.101.0/24', 'FR'],
  ['203.0.113.128/25', 'DE'],
  ['192.0.2.0/28', 'DE'],
]);

function networksIn(bytes: Uint8Array, country: string): readonly string[] {
  const opened = CountryTree.open(bytes);
  assert.ok(opened.ok);
  const found: string[] = [];
  opened.value.networks(country, (address, prefix) => {
    found.push(makeCidr(address.length === 4 ? 4 : 6, address, prefix).text);
  });
  return found;
}

test('the networks of a country are found, in order', () => {
  assert.deepEqual(networksIn(TREE, 'DE'), ['192.0.2.0/28', '198.51.100.0/24', '203.0.113.128/25']);
  assert.deepEqual(networksIn(TREE, 'FR'), ['198.51.101.0/24']);
  assert.deepEqual(networksIn(TREE, 'XX'), []);
});

test('what is no such file, or was cut short, is refused', () => {
  assert.equal(CountryTree.open(new Uint8Array(100)).ok, false);
  assert.equal(CountryTree.open(TREE.subarray(0, 200)).ok, false);
  assert.equal(CountryTree.open(TREE.subarray(TREE.length - 150)).ok, false);
});
