/**
 * Packs the rows gathered for a block into its parts: columns encoded and compressed, group by group, which rows have which word,
 * a bloom of the terms. What a block is like is told in `actors/segments`; every port gives the same bytes.
 */
export interface BlockPort {
  /** Waits for nothing and keeps none of the arrays. @throws TypeError, RangeError for rows that are none: a bug */
  pack(rows: BlockRows): BlockParts;
}

/** Rows [from, to) of the columns; the first column must be the moments, as steps. At most 65,536. */
export interface BlockRows {
  readonly from: number;
  readonly to: number;
  /** With a bloom and the rows of words. */
  readonly isFinal: boolean;
  readonly columns: readonly BlockColumn[];
  /** How many groups there are, and which of them says the rows of words. */
  readonly groups: number;
  readonly words: number;
  /** Of zstd. */
  readonly level: number;
  /** Groups of fewer bytes are not compressed. */
  readonly tiny: number;
}

/** One column, an element a row; arrays may be longer than the rows. Columns without any value may be left out. */
export type BlockColumn = PlacedColumn & (DictionaryRows | NumberRows | StepRows | ByteRows);

interface PlacedColumn {
  readonly id: number;
  /** Number of the group that it is stored in. */
  readonly group: number;
}

/** Texts of which few are distinct. */
export interface DictionaryRows {
  readonly kind: 'dictionary';
  /** Of the text of each row, counted from 1; 0 for none. */
  readonly ids: Uint16Array;
  readonly texts: readonly string[];
  /** Of a column that goes by its name. */
  readonly name?: string;
  /** Of a field that blooms know. */
  readonly terms?: IndexedTexts;
}

export interface IndexedTexts {
  readonly field: string;
  /** Their networks are terms too. */
  readonly areAddresses: boolean;
  /** Terms of the networks of IPv6 addresses among the texts. */
  readonly more: Int32Array;
}

/** NaN for a row without a number. */
export interface NumberRows {
  readonly kind: 'number';
  readonly values: Float64Array;
}

/** A number in every row, stored as the step from the one before of the same lane. */
export interface StepRows {
  readonly kind: 'steps';
  readonly values: Float64Array;
  readonly lanes?: Uint16Array;
}

/** Messages in UTF-8, one behind the other from row 0 on; one column at most. */
export interface ByteRows {
  readonly kind: 'bytes';
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
}

export interface BlockParts {
  /** Earliest and latest moment. */
  readonly minAt: number;
  readonly maxAt: number;
  /** Ids of the columns that occur, each once. */
  readonly columns: Iterable<number> & { readonly length: number };
  readonly extents: readonly { readonly id: number; readonly least: number; readonly most: number }[];
  readonly bloom: Uint8Array;
  readonly groups: readonly StoredGroup[];
  /** Of the bloom, in any order. */
  readonly terms: Int32Array;
}

export interface StoredGroup {
  /** Bytes, before it was compressed. */
  readonly raw: number;
  /** A frame of zstd, with its length of content; the bytes themselves where that would be no shorter. */
  readonly stored: Uint8Array;
}
