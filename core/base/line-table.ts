/**
 * Where the lines of a generated file come from, line by line: for each the source and the line in it, both 0 where a line
 * comes from nowhere. Made of a source map (ECMA-426) at build time; a megabyte of mappings becomes a table that is read
 * without decoding anything.
 */
export interface LineTable {
  /** Paths as the source map has them; number 1 is the first. */
  readonly sources: readonly string[];
  /** Two numbers a line of the generated file: source, line from 1 on. */
  readonly lines: Uint32Array;
}

export interface SourceLine {
  readonly source: string;
  /** From 1 on. */
  readonly line: number;
}

const DIGITS = new Map(
  [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].map((digit, value) => [digit, value]),
);
const MORE = 32;

/** @param mappings the `mappings` of a source map. @throws on what is none */
export function lineTable(sources: readonly string[], mappings: string): LineTable {
  const generated = mappings.split(';');
  const lines = new Uint32Array(generated.length * 2);
  let source = 0;
  let line = 0;
  for (const [row, segments] of generated.entries()) {
    for (const segment of segments.split(',')) {
      const [, bySource, byLine] = deltas(segment);
      if (bySource === undefined || byLine === undefined) continue;
      source += bySource;
      line += byLine;
      if (lines[row * 2] === 0) lines.set([source + 1, line + 1], row * 2);
    }
  }
  return { sources, lines };
}

/** The base64 VLQ numbers of a segment. */
function deltas(segment: string): readonly number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const char of segment) {
    const digit = DIGITS.get(char);
    if (digit === undefined) throw new Error(`no base64 digit: ${char}`);
    value += (digit & (MORE - 1)) << shift;
    shift += 5;
    if ((digit & MORE) !== 0) continue;
    numbers.push((value & 1) === 0 ? value >>> 1 : -(value >>> 1));
    value = 0;
    shift = 0;
  }
  return numbers;
}

/** @param line of the generated file, from 1 on */
export function sourceLine({ sources, lines }: LineTable, line: number): SourceLine | undefined {
  const source = sources[(lines[(line - 1) * 2] ?? 0) - 1];
  return source === undefined ? undefined : { source, line: lines[(line - 1) * 2 + 1] ?? 0 };
}

/** The sources as a line of JSON, then the numbers, little-endian. */
export function lineTableBytes({ sources, lines }: LineTable): Uint8Array {
  const head = new TextEncoder().encode(`${JSON.stringify(sources)}\n`);
  const bytes = new Uint8Array(head.length + lines.length * 4);
  bytes.set(head);
  const view = new DataView(bytes.buffer, head.length);
  lines.forEach((number, i) => {
    view.setUint32(i * 4, number, true);
  });
  return bytes;
}

/** @throws when it is not what `lineTableBytes` makes */
export function readLineTable(bytes: Uint8Array): LineTable {
  const end = bytes.indexOf(0x0a);
  const sources = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))) as readonly string[];
  const view = new DataView(bytes.buffer, bytes.byteOffset + end + 1, bytes.length - end - 1);
  return { sources, lines: Uint32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getUint32(i * 4, true)) };
}
