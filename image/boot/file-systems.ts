import { type PartitionName, partition } from '../layout.ts';

/**
 * Everything that mke2fs would take from its configuration, which differs between releases. The features are those that
 * e2fsprogs and the kernel of Debian 12 and 13 know, and GRUB's reader for the kernel slots (ext2).
 */
const FEATURES = {
  ext2: 'ext_attr,filetype,sparse_super,large_file',
  ext4: 'ext_attr,filetype,sparse_super,large_file,has_journal,dir_index,resize_inode,extent,64bit,flex_bg,huge_file,dir_nlink,extra_isize,metadata_csum',
} as const;

/** Instead of the release's own: it must name the types, and says nothing that the arguments do not. */
export const MKE2FS_CONFIG = ['ext2', 'ext4'].reduce(
  (text, type) => `${text}\t${type} = {\n\t\tblocksize = 4096\n\t}\n`,
  '[fs_types]\n',
);

/** Of `data`: there are never as many small files on it, and it grows to disks a thousand times as large. */
const INODES = { ident: ['-i', '4096'], data: ['-i', '16384'] } as const;

/**
 * Arguments of mke2fs for a partition of the layout, without the file or device: the image's build and the initramfs (a
 * factory reset) make the same file system.
 * @throws when the partition holds no ext file system, which is a bug
 */
export function mke2fsArguments(name: PartitionName): readonly string[] {
  const { content, uuid } = partition(name);
  if ((content !== 'ext2' && content !== 'ext4') || uuid === undefined) throw new Error(`${name} holds ${content}`);
  const inodes = name === 'data' || name === 'ident' ? INODES[name] : ['-N', '64'];
  // On a large disk a reset would write gigabytes of empty inodes: the kernel does that later, by the way.
  const extended = `hash_seed=${uuid},lazy_itable_init=${name === 'data' ? '1,nodiscard' : '0'},lazy_journal_init=0`;
  return [
    ...['-q', '-F', '-t', content, '-O', `none,${FEATURES[content]}`],
    ...['-b', '4096', '-I', '256', '-m', '0', ...inodes],
    ...['-L', name, '-U', uuid, '-E', extended],
    ...(content === 'ext4' ? ['-J', `size=${name === 'data' ? 16 : 4}`] : []),
  ];
}
