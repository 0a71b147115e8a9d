import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extentOf, worn } from '../../image/looks/partitions.ts';
import { MIB } from '../../image/machine/disk.ts';
import { mulberry32 } from '../../support/mulberry.ts';

test('partitions lie one after the other on whole MiB', () => {
  const [kernel, root] = [extentOf('kern-A'), extentOf('root-A')];
  assert.equal(kernel.offset % MIB, 0);
  assert.equal(root.offset, kernel.offset + kernel.length);
});

test('damage stays within what it is done to, one block in every so many', () => {
  const { offset } = extentOf('root-B');
  const places = worn('root-B', mulberry32(1), { length: 64 * MIB, every: 64 });
  assert.equal(places.length, 256);
  assert.ok(places.every((place) => place.offset >= offset && place.offset + place.length <= offset + 64 * MIB));
  assert.ok(places.every((place) => (place.offset - offset) % 4096 === 0));
});
