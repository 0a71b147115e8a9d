import { DISK_GUID, DISK_MIB, PARTITIONS } from '../layout.ts';

const SECTORS_PER_MIB = 2048;

/** What sfdisk makes the table from; sectors are of 512 bytes. */
export function sfdiskScript(): string {
  const header = ['label: gpt', `label-id: ${DISK_GUID}`, 'unit: sectors', 'first-lba: 2048'];
  const rows = PARTITIONS.map(({ startMiB, sizeMiB, type, guid, name }) =>
    [
      `start=${startMiB * SECTORS_PER_MIB}`,
      `size=${sizeMiB * SECTORS_PER_MIB}`,
      `type=${type}`,
      `uuid=${guid}`,
      `name="${name}"`,
    ].join(', '),
  );
  return [...header, '', ...rows, ''].join('\n');
}

/** Size of the disk image in bytes. */
export const DISK_BYTES = DISK_MIB * 1024 * 1024;

/**
 * A GUID as a table holds it, in lower-case hexadecimal: the first three groups are little-endian.
 * @param guid e.g. `b0a4d12a-6c1e-4f0e-9a37-1ba472a50000`
 */
export function guidOnDisk(guid: string): string {
  const swapped = (group: string): string => (group.match(/../g) ?? []).reverse().join('');
  return guid
    .toLowerCase()
    .split('-')
    .map((group, index) => (index < 3 ? swapped(group) : group))
    .join('');
}
