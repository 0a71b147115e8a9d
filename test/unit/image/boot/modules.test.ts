import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moduleName, modulesInOrder } from '../../../../image/boot/modules.ts';

const DEP = `kernel/fs/ext4/ext4.ko.xz: kernel/fs/jbd2/jbd2.ko.xz kernel/lib/crc16.ko.xz
kernel/fs/jbd2/jbd2.ko.xz:
kernel/lib/crc16.ko.xz:
kernel/drivers/md/dm-verity.ko: kernel/drivers/md/dm-bufio.ko kernel/drivers/md/dm-mod.ko
kernel/drivers/md/dm-bufio.ko: kernel/drivers/md/dm-mod.ko
kernel/drivers/md/dm-mod.ko:
`;

test('a module comes after what it needs, each once, in the order asked for', () =>
  assert.deepEqual(modulesInOrder(DEP, ['dm_verity', 'ext4', 'dm_mod', 'of_no_kernel']).map(moduleName), [
    'dm_mod',
    'dm_bufio',
    'dm_verity',
    'jbd2',
    'crc16',
    'ext4',
  ]));

test('modules that need each other end the search', () =>
  assert.deepEqual(modulesInOrder('a.ko: b.ko\nb.ko: a.ko\n', ['a']), ['b.ko', 'a.ko']));
