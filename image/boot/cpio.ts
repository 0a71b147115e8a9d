/** An entry of an archive; `path` without a leading slash. Folders come before what is in them. */
export type CpioEntry =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly to: string }
  | { readonly kind: 'file'; readonly path: string; readonly isExecutable: boolean; readonly content: Uint8Array };

const MODE = { folder: 0o040755, link: 0o120777, file: 0o100644 } as const;

const utf8 = new TextEncoder();
const hex = (value: number): string => value.toString(16).padStart(8, '0');
const padding = (length: number): Uint8Array => new Uint8Array((4 - (length % 4)) % 4);

const contentOf = (entry: CpioEntry): Uint8Array => {
  if (entry.kind === 'file') return entry.content;
  return entry.kind === 'link' ? utf8.encode(entry.to) : new Uint8Array();
};

/** Header, name and content, each padded to four bytes (the kernel's `newc`). */
function record(entry: CpioEntry, inode: number, mode: number, seconds: number): readonly Uint8Array[] {
  const content = contentOf(entry);
  const name = utf8.encode(`${entry.path}\0`);
  const links = entry.kind === 'folder' ? 2 : 1;
  // inode, mode, uid, gid, links, time, size, device of the file system, device, length of the name, checksum
  const numbers = [inode, mode, 0, 0, links, seconds, content.length, 0, 0, 0, 0, name.length, 0];
  const header = utf8.encode(`070701${numbers.map(hex).join('')}`);
  return [header, name, padding(header.length + name.length), content, padding(content.length)];
}

/**
 * An initramfs archive, sorted by path and owned by root: the same entries give the same bytes, in whatever order they
 * come.
 * @param seconds since 1970, of every entry
 */
export function cpioArchive(entries: readonly CpioEntry[], seconds: number): Uint8Array {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const records = sorted.flatMap((entry, index) => {
    const executable = entry.kind === 'file' && entry.isExecutable ? 0o111 : 0;
    return record(entry, index + 1, MODE[entry.kind] | executable, seconds);
  });
  const end = record({ kind: 'file', path: 'TRAILER!!!', isExecutable: false, content: new Uint8Array() }, 0, 0, 0);
  return Buffer.concat([...records, ...end]);
}
