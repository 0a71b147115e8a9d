/** An entry that knows its place in a journal. */
export interface PlacedEntry {
  readonly fields: Readonly<Record<string, string | Uint8Array>>;
  /** Microseconds since 1970. */
  readonly realtime: number;
  /** Microseconds since the start of the boot. */
  readonly monotonic: number;
  /** 32 hex digits. */
  readonly boot: string;
  /** 32 hex digits. */
  readonly seqnumId: string;
  readonly seqnum: number;
  /** Of the fields. */
  readonly hash: number;
}

export interface Packing {
  readonly entries: readonly PlacedEntry[];
  readonly fields: readonly string[];
  readonly maxValueBytes: number;
  readonly excluded: number;
  readonly missing: number;
  readonly last: string;
}

const VERSION = 1;
const NOT_ASCII = 1;
const HAS_CONTROLS = 2;
const CUT_OFF = 4;

export const cursorOf = ({ seqnumId, seqnum, boot, monotonic, realtime, hash }: PlacedEntry): string =>
  `s=${seqnumId};i=${hex(seqnum)};b=${boot};m=${hex(monotonic)};t=${hex(realtime)};x=${hex(hash)}`;

/** Packs entries as the engine does (engine/batch.h), save that a value is there as often as it occurs. */
export function pack({ entries, fields, maxValueBytes, excluded, missing, last }: Packing): Uint8Array<ArrayBuffer> {
  const values: { readonly bytes: Buffer; readonly traits: number }[] = [];
  const cells = entries.flatMap((entry) =>
    fields.map((field) => {
      const value = entry.fields[field];
      return value === undefined ? 0 : values.push(describe(Buffer.from(value), maxValueBytes));
    }),
  );
  const ids = [...new Set(entries.flatMap(({ seqnumId, boot }) => [seqnumId, boot]))];
  const origins = entries.map(({ seqnumId, boot }) => ids.indexOf(seqnumId) | (ids.indexOf(boot) << 16));
  let end = 0;
  const ends = values.map(({ bytes }) => (end += bytes.length));
  const header = [VERSION, entries.length, fields.length, values.length, ids.length, excluded, 0, end, last.length];
  const parts = [
    words([...header, missing]),
    longs(entries.map(({ seqnum }) => seqnum)),
    longs(entries.map(({ realtime }) => realtime)),
    longs(entries.map(({ monotonic }) => monotonic)),
    longs(entries.map(({ hash }) => hash)),
    words(cells),
    words(origins),
    words(ends),
    Buffer.from(values.map(({ traits }) => traits)),
    Buffer.from(ids.join('')),
    ...values.map(({ bytes }) => bytes),
    Buffer.from(last),
  ];
  return Uint8Array.from(Buffer.concat(parts));
}

function describe(whole: Buffer, maxValueBytes: number) {
  const bytes = whole.subarray(0, maxValueBytes);
  const isAscii = bytes.every((byte) => byte < 0x80);
  const hasControls = bytes.some((byte) => (byte < 0x20 && byte !== 0x09) || byte === 0x7f);
  const isCutOff = whole.length > maxValueBytes;
  return { bytes, traits: (isAscii ? 0 : NOT_ASCII) | (hasControls ? HAS_CONTROLS : 0) | (isCutOff ? CUT_OFF : 0) };
}

const hex = (value: number): string => value.toString(16);
const words = (values: readonly number[]): Uint8Array => new Uint8Array(new Uint32Array(values).buffer);
const longs = (values: readonly number[]): Uint8Array => new Uint8Array(new BigUint64Array(values.map(BigInt)).buffer);
