import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { fail, messageOf, ok, type Result } from '../../../core/base/result.ts';
import type { ListContent, ListManifest } from '../../../core/link/list.ts';
import { changed, decodeContents, encodeContent } from '../../../core/link/list-content.ts';
import { FAMILIES, type ListColumns, totalOf } from '../../../core/respond/lists/columns.ts';
import { decodeListChange, decodeListContent, digestOf, encodeListContent, LIMITS } from '../../link-wire/index.ts';

const decompress = promisify(zstdDecompress);

/** Addresses and networks of one list. */
export const MOST_ENTRIES = 1_000_000;
/** An entry takes so many bytes at most: a mark, a prefix length, and 128 bits by 7. */
const LONGEST_ENTRY = 21;
/** Wider networks are an accident, or meant to cut everybody off. */
const WIDEST = { 4: 8, 6: 16 } as const;

/** `refused`: the parts are as signed, and are no list that is taken. */
export type ListFailure = 'refused';

/** The whole of a list, of parts whose hashes were looked at. */
export async function wholeOf(
  manifest: ListManifest,
  parts: readonly Uint8Array[],
): Promise<Result<ListColumns, ListFailure>> {
  const contents: ListContent[] = [];
  let left = roomOf(manifest.entries);
  for (const part of parts) {
    const bytes = await unpacked(part, left);
    if (!bytes.ok) return bytes;
    left -= bytes.value.length;
    const content = decodeListContent(bytes.value);
    if (!content.ok) return fail('refused', content.public);
    contents.push(content.value);
  }
  const columns = decodeContents(contents, manifest.entries);
  return columns.ok ? checked(manifest, columns.value) : fail('refused', columns.public);
}

/** The list after a difference to what is in force. @param entries that are in force */
export async function changedBy(
  manifest: ListManifest,
  before: ListColumns,
  part: Uint8Array,
): Promise<Result<ListColumns, ListFailure>> {
  const bytes = await unpacked(part, roomOf(manifest.entries + totalOf(before)));
  if (!bytes.ok) return bytes;
  const change = decodeListChange(bytes.value);
  if (!change.ok) return fail('refused', change.public);
  const columns = changed(before, change.value);
  return columns.ok ? checked(manifest, columns.value) : fail('refused', columns.public);
}

/** Room for so many entries, uncompressed: what unpacks to more is none of them. */
const roomOf = (entries: number): number => Math.min(LIMITS.ListContent, entries * LONGEST_ENTRY + 1024);

async function unpacked(part: Uint8Array, most: number): Promise<Result<Uint8Array, ListFailure>> {
  try {
    return ok(await decompress(part, { maxOutputLength: Math.max(1, most) }));
  } catch (cause) {
    return fail('refused', `a part cannot be unpacked: ${messageOf(cause)}`, cause);
  }
}

/** What was signed is the content, not how it came. */
function checked(manifest: ListManifest, columns: ListColumns): Result<ListColumns, ListFailure> {
  if (totalOf(columns) !== manifest.entries) {
    return fail('refused', `it has ${totalOf(columns)} entries, not ${manifest.entries} as its manifest says`);
  }
  const content = encodeListContent(encodeContent(columns));
  if (!content.ok || digestOf(content.value) !== manifest.contentSha256) {
    return fail('refused', 'its content is not the one that its manifest names');
  }
  const wide = FAMILIES.find((family) => columns[family].prefixes.some((prefix) => prefix < WIDEST[family]));
  return wide === undefined ? ok(columns) : fail('refused', `it has networks wider than /${WIDEST[wide]}`);
}
