import assert from 'node:assert/strict';
import { test } from 'node:test';
import { declared, needsOf } from '../../../../image/rootfs/kernel.ts';

const paths = [
  'drivers/net/veth.ko.xz',
  'drivers/net/vethernet.ko.xz',
  'drivers/net/ethernet/intel/e1000e/e1000e.ko.xz',
  'drivers/net/ethernet/sun/sunhme.ko.xz',
  'sound/soundcore.ko.xz',
];

test('a declaration names folders and single modules, and takes out of what it named', () => {
  const declaration = '# network\ndrivers/net/veth\ndrivers/net/ethernet\n!drivers/net/ethernet/sun\n';
  assert.deepEqual(declared(paths, declaration), [
    'drivers/net/veth.ko.xz',
    'drivers/net/ethernet/intel/e1000e/e1000e.ko.xz',
  ]);
});

test('a module says what it needs, and what it would like to have before and after it', () => {
  const information = '\0license=GPL\0depends=mbcache,jbd2\0softdep=pre: crc32c post: aes-generic\0name=ext4\0';
  assert.deepEqual(needsOf(Buffer.from(`\x7fELF…${information}`)), ['mbcache', 'jbd2', 'crc32c', 'aes_generic']);
  assert.deepEqual(needsOf(Buffer.from('\0depends=\0')), []);
});
