/**
 * The appliance's disk, declared here and nowhere else: the partition table, GRUB's configuration, the initramfs, RAUC's
 * slots and the tests derive from it. Sizes in MiB (2^20 bytes); every partition begins where the one before it ends.
 */

/** The two copies of the system, by the names GRUB, RAUC (`bootname`) and the kernel command line (`rauc.slot=`) give them. */
export const SLOTS = ['A', 'B'] as const;
export type Slot = (typeof SLOTS)[number];

export type PartitionName = 'esp' | `kern-${Slot}` | `root-${Slot}` | 'ident' | 'data';

export interface Partition {
  /** PARTLABEL, and the name of the link under {@link DISK_LINKS}. */
  readonly name: PartitionName;
  /** 1-based number in the table: GRUB's `gptN`, the kernel's `sdaN`. */
  readonly number: number;
  readonly startMiB: number;
  readonly sizeMiB: number;
  /** GPT partition type. */
  readonly type: string;
  /** GPT unique partition GUID (PARTUUID), lower case. The same on every appliance: it says what, not which. */
  readonly guid: string;
  /** What is written there: `raw` is an image (squashfs and its verity tree). */
  readonly content: 'vfat' | 'ext2' | 'ext4' | 'raw';
  /** UUID of the file system; of a vfat its volume id. */
  readonly uuid?: string;
  /** Where the running system has it; slots are never mounted by their partition. */
  readonly mount?: string;
}

/** The table's own GUID: by it the initramfs tells a disk of ours from any other. */
export const DISK_GUID = 'b0a4d12a-6c1e-4f0e-9a37-1ba472a50000';

/** GRUB and the first partition begin here; nothing is smaller than one of these. */
export const ALIGNMENT_MIB = 1;

const EFI_SYSTEM = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';
/** "Linux filesystem": types that say more would have systemd's gpt generator mount things by itself. */
const LINUX = '0fc63daf-8483-4772-8e79-3d69d8477de4';

const guid = (number: number): string => `b0a4d12a-6c1e-4f0e-9a37-1ba472a5000${number}`;
const uuid = (number: number): string => `b0a4d12a-6c1e-4f0e-9a37-1ba472a5010${number}`;

type Declared = Pick<Partition, 'name' | 'sizeMiB' | 'content' | 'mount'>;

const DECLARED: readonly Declared[] = [
  { name: 'esp', sizeMiB: 128, content: 'vfat', mount: '/efi' },
  { name: 'kern-A', sizeMiB: 64, content: 'ext2' },
  { name: 'root-A', sizeMiB: 384, content: 'raw' },
  { name: 'kern-B', sizeMiB: 64, content: 'ext2' },
  { name: 'root-B', sizeMiB: 384, content: 'raw' },
  { name: 'ident', sizeMiB: 16, content: 'ext4', mount: '/ident' },
  // Last, because it grows to the end of the disk when the appliance is first started.
  { name: 'data', sizeMiB: 512, content: 'ext4', mount: '/data' },
];

/** In the order of the table. */
export const PARTITIONS: readonly Partition[] = DECLARED.map((declared, index) => ({
  ...declared,
  number: index + 1,
  startMiB: ALIGNMENT_MIB + DECLARED.slice(0, index).reduce((sum, { sizeMiB }) => sum + sizeMiB, 0),
  type: declared.name === 'esp' ? EFI_SYSTEM : LINUX,
  guid: guid(index + 1),
  ...(declared.content === 'vfat'
    ? { uuid: 'ba27-12a0' }
    : declared.content === 'raw'
      ? {}
      : { uuid: uuid(index + 1) }),
}));

/** @throws when the layout has no such partition, which is a bug */
export function partition(name: PartitionName): Partition {
  const found = PARTITIONS.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no partition ${name}`);
  return found;
}

/** Size of the disk image: the partitions, and room for both copies of the table. */
export const DISK_MIB =
  PARTITIONS.reduce((end, { startMiB, sizeMiB }) => Math.max(end, startMiB + sizeMiB), 0) + ALIGNMENT_MIB;

/**
 * In the running system the partitions of the disk it was started from, as links to their devices, e.g.
 * `/run/bartizan-disk/kern-A`; made by the initramfs. Only these are used: `/dev/disk/by-partlabel` may lead to a second
 * disk with the same names.
 */
export const DISK_LINKS = '/run/bartizan-disk';

/** Where the ESP has what GRUB reads, seen from the ESP's root. */
export const BOOT_FOLDER = '/EFI/BOOT';

/** GRUB's environment block, in the running system. RAUC writes it by `grub-editenv`. */
export const GRUB_ENVIRONMENT = `${partition('esp').mount}${BOOT_FOLDER}/grubenv`;

/** Starts a slot gets before GRUB takes the next one; `rauc status mark-good` gives them back. */
export { TRIES } from '../core/image/slots.ts';

/** What a bundle must say it is for, and an appliance what it is. */
export const COMPATIBLE = 'bartizan-amd64';
