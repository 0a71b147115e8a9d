import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DISK_BYTES, guidOnDisk, sfdiskScript } from '../../../../image/boot/partition-table.ts';
import { raucSystemConfig } from '../../../../image/boot/rauc-config.ts';
import { DISK_MIB, PARTITIONS, partition } from '../../../../image/layout.ts';

test('partitions follow one another without a gap, the first at 1 MiB, data last', () => {
  let end = 1;
  for (const { startMiB, sizeMiB } of PARTITIONS) {
    assert.equal(startMiB, end);
    end += sizeMiB;
  }
  assert.equal(PARTITIONS.at(-1)?.name, 'data');
  assert.equal(DISK_MIB, end + 1);
  assert.equal(DISK_BYTES, DISK_MIB * 1024 * 1024);
});

test('both slots are of one size, and no GUID is there twice', () => {
  assert.equal(partition('kern-A').sizeMiB, partition('kern-B').sizeMiB);
  assert.equal(partition('root-A').sizeMiB, partition('root-B').sizeMiB);
  assert.equal(new Set(PARTITIONS.map(({ guid }) => guid)).size, PARTITIONS.length);
});

test('sfdisk gets every partition by sector, with type, GUID and label', () => {
  const rows = sfdiskScript().split('\n');
  assert.ok(rows.includes('label-id: b0a4d12a-6c1e-4f0e-9a37-1ba472a50000'));
  assert.ok(
    rows.includes(
      'start=264192, size=131072, type=0fc63daf-8483-4772-8e79-3d69d8477de4, uuid=b0a4d12a-6c1e-4f0e-9a37-1ba472a50002, name="kern-A"',
    ),
  );
  assert.equal(rows.filter((row) => row.startsWith('start=')).length, PARTITIONS.length);
});

test('a GUID is on the disk with its first three groups turned round', () =>
  assert.equal(guidOnDisk('00112233-4455-6677-8899-AABBCCDDEEFF'), '33221100554477668899aabbccddeeff'));

test('RAUC has a kernel slot for each bootname with its root below it, on the disk that was started from', () => {
  const config = raucSystemConfig();
  assert.match(config, /^compatible=bartizan-amd64$/m);
  assert.match(config, /^grubenv=\/efi\/EFI\/BOOT\/grubenv$/m);
  assert.match(config, /\[slot\.kernel\.1\]\ndevice=\/run\/bartizan-disk\/kern-B\ntype=raw\nbootname=B\n/);
  assert.match(config, /\[slot\.rootfs\.1\]\ndevice=\/run\/bartizan-disk\/root-B\ntype=raw\nparent=kernel\.1\n/);
});
