import { createHash } from 'node:crypto';
import { millis } from '../../core/base/time.ts';
import { FAMILIES, type FamilyColumns, type ListColumns, widthOf } from '../../core/respond/lists/columns.ts';
import type { Generation, SourceMark } from './port.ts';

/**
 * A generation as a file: a line `bartizan-list 1 SHA256`, a line of JSON, and the columns one behind the other: IPv4
 * addresses, networks and prefixes, then those of IPv6. The checksum is of all behind the first line.
 */
const MAGIC = 'bartizan-list 1 ';
const HEAD_BYTES = MAGIC.length + 64 + 1;
/** The second line is no longer. */
const MOST_JSON = 16_384;

interface Described extends Omit<Generation, 'columns'> {
  /** Bytes of each column. */
  readonly sizes: readonly number[];
}

/** The pieces of the file, in order. */
export function packedFile({ columns, ...about }: Generation): readonly Uint8Array[] {
  const parts = partsOf(columns);
  const described: Described = { ...about, sizes: parts.map(({ length }) => length) };
  const json = Buffer.from(`${JSON.stringify(described)}\n`);
  const hash = createHash('sha256').update(json);
  for (const part of parts) hash.update(part);
  return [Buffer.from(`${MAGIC}${hash.digest('hex')}\n`), json, ...parts];
}

/** The generation in a file, or nothing where it is damaged in any way. */
export function fromPackedFile(file: Uint8Array): Generation | undefined {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const head = bytes.toString('latin1', 0, HEAD_BYTES);
  const body = bytes.subarray(HEAD_BYTES);
  if (head !== `${MAGIC}${createHash('sha256').update(body).digest('hex')}\n`) return undefined;
  const end = body.indexOf(0x0a);
  if (end < 0 || end > MOST_JSON) return undefined;
  const { sizes, ...about } = JSON.parse(body.toString('utf8', 0, end)) as Described;
  const columns = columnsFrom(body.subarray(end + 1), sizes);
  if (columns === undefined) return undefined;
  return { ...about, fetchedAt: millis(about.fetchedAt), mark: markOf(about.mark), columns };
}

const partsOf = (columns: ListColumns): readonly Uint8Array[] =>
  FAMILIES.flatMap((family) => {
    const { addresses, networks, prefixes } = columns[family];
    return [addresses, networks, prefixes];
  });

function columnsFrom(bytes: Uint8Array, sizes: readonly number[]): ListColumns | undefined {
  if (sizes.length !== 6 || sizes.reduce((sum, size) => sum + size, 0) !== bytes.length) return undefined;
  let at = 0;
  const parts = sizes.map((size) => {
    at += size;
    return Uint8Array.from(bytes.subarray(at - size, at));
  });
  const family = (from: number): FamilyColumns => {
    const [addresses = bytes, networks = bytes, prefixes = bytes] = parts.slice(from, from + 3);
    return { addresses, networks, prefixes };
  };
  const columns: ListColumns = { 4: family(0), 6: family(3) };
  const isWhole = FAMILIES.every((one) => {
    const { addresses, networks, prefixes } = columns[one];
    return addresses.length % widthOf(one) === 0 && networks.length === prefixes.length * widthOf(one);
  });
  return isWhole ? columns : undefined;
}

const markOf = ({ etag, lastModified, file }: SourceMark): SourceMark => ({
  ...(etag === undefined ? {} : { etag }),
  ...(lastModified === undefined ? {} : { lastModified }),
  ...(file === undefined ? {} : { file }),
});
