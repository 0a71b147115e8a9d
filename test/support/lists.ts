import assert from 'node:assert/strict';
import { fromBytes, makeCidr } from '../../core/base/ip.ts';
import { FAMILIES, type ListColumns, widthOf } from '../../core/respond/lists/columns.ts';
import type { ListFormat } from '../../core/respond/lists/formats.ts';
import { ListReader, type ListReaderOptions, type ListReading } from '../../core/respond/lists/reader.ts';

export const LIST_OPTIONS: ListReaderOptions = { format: 'auto', maxEntries: 1000, widest: { v4: 8, v6: 19 } };

export const bytesOfText = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Reads a list given as text; in pieces of `step` bytes. */
export function readList(text: string | Uint8Array, options: Partial<ListReaderOptions> = {}, step = 1 << 16) {
  const reader = new ListReader({ ...LIST_OPTIONS, ...options });
  const bytes = typeof text === 'string' ? bytesOfText(text) : text;
  for (let at = 0; at < bytes.length; at += step) reader.feed(bytes.subarray(at, at + step));
  return reader.end();
}

export function readWell(text: string, format: ListFormat = 'auto', column?: string): ListReading {
  const read = readList(text, { format, ...(column === undefined ? {} : { column }) });
  assert.ok(read.ok, read.ok ? '' : read.public);
  return read.value;
}

/** What columns hold, as text: addresses, then networks, of IPv4 and then of IPv6. */
export const textsOf = (columns: ListColumns): readonly string[] =>
  FAMILIES.flatMap((family) => {
    const { addresses, networks, prefixes } = columns[family];
    const width = widthOf(family);
    const at = (bytes: Uint8Array, i: number) => bytes.slice(i * width, (i + 1) * width);
    return [
      ...Array.from({ length: addresses.length / width }, (_, i) => fromBytes(at(addresses, i)).text),
      ...Array.from(prefixes, (prefix, i) => makeCidr(family, at(networks, i), prefix).text),
    ];
  });

export const columnsFrom = (text: string, maxEntries = LIST_OPTIONS.maxEntries): ListColumns => {
  const read = readList(text, { format: 'plain', maxEntries });
  assert.ok(read.ok, read.ok ? '' : read.public);
  return read.value.columns;
};
