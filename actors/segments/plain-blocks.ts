import { fieldTerm, ipv4NetworkTerm, TermSet } from '../../core/query/terms.ts';
import type { BlockColumn, BlockParts, BlockPort, BlockRows, DictionaryRows } from '../../native/blocks/port.ts';
import { storedGroup } from './block-codec.ts';
import { bloomOf } from './bloom.ts';
import { ByteWriter } from './bytes.ts';
import { extentOf, momentsOf, occursIn, writeColumn } from './column-writers.ts';
import { WordRows } from './word-rows.ts';

/**
 * Packs blocks as `native/blocks` does, byte for byte: where the addon does not run, and to tell whether it is right.
 * Written to be read; the addon is there to be fast.
 */
export class PlainBlocks implements BlockPort {
  readonly #terms = new TermSet();
  readonly #words = new WordRows();
  readonly #out = new ByteWriter();

  pack(rows: BlockRows): BlockParts {
    const { columns, isFinal } = rows;
    const [at] = columns;
    if (at?.kind !== 'steps') throw new RangeError('the first column must be the moments');
    this.#terms.clear();
    this.#words.clear();
    if (isFinal) this.#gatherTerms(rows);
    const present = columns.filter((column) => occursIn(column, rows));
    const { least, most } = momentsOf(at, rows);
    return {
      minAt: least,
      maxAt: most,
      columns: [...new Set(present.map(({ id }) => id))],
      extents: present.flatMap((column) => {
        const extent = column.kind === 'number' ? extentOf(column, rows) : undefined;
        return extent === undefined ? [] : [{ id: column.id, ...extent }];
      }),
      bloom: isFinal ? bloomOf(this.#terms) : Buffer.alloc(0),
      groups: Array.from({ length: rows.groups }, (_, group) =>
        storedGroup(group === rows.words ? this.#wordGroup(isFinal) : this.#group(group, present, rows), rows),
      ),
      terms: isFinal ? this.#listed() : new Int32Array(0),
    };
  }

  #gatherTerms({ columns, from, to }: BlockRows): void {
    for (const column of columns) {
      if (column.kind !== 'bytes') continue;
      const { bytes, ends } = column;
      for (let row = from; row < to; row++) {
        this.#words.add(row - from, bytes, { start: ends[row - 1] ?? 0, end: ends[row] as number });
      }
    }
    this.#words.addTo(this.#terms);
    for (const column of columns) if (column.kind === 'dictionary') this.#gatherTexts(column);
  }

  #gatherTexts({ texts, terms }: DictionaryRows): void {
    if (terms === undefined) return;
    for (const text of texts) {
      this.#terms.add(fieldTerm(terms.field, text));
      if (terms.areAddresses && !text.includes(':')) this.#terms.add(ipv4NetworkTerm(terms.field, text));
    }
    for (const term of terms.more) if (term !== 0) this.#terms.add(term);
  }

  #listed(): Int32Array {
    const terms = new Int32Array(this.#terms.size);
    let at = 0;
    this.#terms.each((term) => {
      terms[at++] = term;
    });
    return terms;
  }

  #wordGroup(isFinal: boolean): Buffer {
    this.#out.clear();
    if (isFinal) this.#words.write(this.#out);
    return Buffer.from(this.#out.bytes);
  }

  /** Its columns, each with id, encoding and length before it. */
  #group(group: number, present: readonly BlockColumn[], rows: BlockRows): Buffer {
    const out = this.#out;
    out.clear();
    const columns = present.filter((column) => column.group === group);
    out.u16(columns.length);
    for (const column of columns) {
      out.u8(column.id);
      if (column.kind === 'dictionary' && column.name !== undefined) {
        out.varint(Buffer.byteLength(column.name));
        out.text(column.name);
      }
      const head = out.length;
      out.u32(0);
      out.u8(0);
      const start = out.length;
      const encoding = writeColumn(column, rows, out);
      out.setU32(head, out.length - start);
      out.setU8(head + 4, encoding);
    }
    return Buffer.from(out.bytes);
  }
}
