import type { FailureKind } from './failure.ts';
import type { FieldValue, JournalNews, JournalOptions, JournalSource, JournalTarget, ReadLimits } from './port.ts';

/** Calls as bytes for the engine, answers back: the format is written down in engine/wire.h, and the two change together. */
const VERB = { open: 1, seek: 2, read: 3, wait: 4, files: 5 } as const;
const SOURCE: Readonly<Record<JournalSource['kind'], number>> = { system: 0, directory: 1, files: 2 };
const TARGET: Readonly<Record<JournalTarget['to'], number>> = { head: 0, tail: 1, cursor: 2, time: 3, boot: 4 };
const KINDS: readonly FailureKind[] = ['errno', 'errno', 'no-library', 'invalid', 'stopped'];
const NEWS: readonly JournalNews[] = ['quiet', 'appended', 'invalidated'];

export interface WireRefusal {
  readonly ok: false;
  readonly kind: FailureKind;
  readonly errno: number;
  /** Empty for an errno. */
  readonly reason: string;
}

export type WireAnswer = { readonly ok: true; readonly body: Source } | WireRefusal;

export function encodeOpen(options: JournalOptions, maxValueBytes: number): Uint8Array {
  const out = new Sink().u32(VERB.open).u32(SOURCE[options.source.kind]);
  out.list(pathsOf(options.source), (path) => out.text(path)).list(options.fields, (field) => out.text(field));
  out.list(options.matches ?? [], (group) => out.pairs(group));
  out.list(options.exclude ?? [], (group) => out.pairs(group));
  return out.u32(maxValueBytes).finish();
}

export function encodeSeek(target: JournalTarget): Uint8Array {
  const out = new Sink().u32(VERB.seek).u32(TARGET[target.to]);
  switch (target.to) {
    case 'cursor':
      return out.text(target.cursor).u64(0).finish();
    case 'time':
      return out
        .text('')
        .u64(target.at * 1000)
        .finish();
    case 'boot':
      return out.text(target.boot).u64(target.monotonic).finish();
    case 'head':
    case 'tail':
      return out.text('').u64(0).finish();
  }
}

export const encodeRead = ({ entries, bytes }: ReadLimits): Uint8Array =>
  new Sink().u32(VERB.read).u32(entries).u32(bytes).finish();
export const encodeWait = (atMost: number): Uint8Array => new Sink().u32(VERB.wait).u32(atMost).finish();
export const encodeFiles = (): Uint8Array => new Sink().u32(VERB.files).finish();

export function decodeAnswer(bytes: Uint8Array<ArrayBuffer>): WireAnswer {
  const body = new Source(bytes);
  const kind = body.u32();
  if (kind === 0) return { ok: true, body };
  return { ok: false, kind: KINDS[kind] ?? 'errno', errno: body.u32(), reason: body.text() };
}

export const decodeNews = (body: Source): JournalNews => NEWS[body.u32()] ?? 'quiet';

const pathsOf = (source: JournalSource): readonly string[] => {
  if (source.kind === 'system') return [];
  return source.kind === 'directory' ? [source.path] : source.paths;
};

class Sink {
  readonly #parts: Buffer[] = [];

  u32(value: number): this {
    const part = Buffer.alloc(4);
    part.writeUInt32LE(value);
    this.#parts.push(part);
    return this;
  }

  u64(value: number): this {
    const part = Buffer.alloc(8);
    part.writeBigUInt64LE(BigInt(value));
    this.#parts.push(part);
    return this;
  }

  text(text: string): this {
    const part = Buffer.from(text);
    this.u32(part.length).#parts.push(part);
    return this;
  }

  list<T>(items: readonly T[], write: (item: T) => void): this {
    this.u32(items.length);
    items.forEach(write);
    return this;
  }

  pairs(pairs: readonly FieldValue[]): this {
    return this.list(pairs, ({ field, value }) => this.text(field).text(value));
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

/** Reads an answer's fields in order. */
export class Source {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u32(): number {
    const value = this.#view.getUint32(this.#at, true);
    this.#at += 4;
    return value;
  }

  text(): string {
    const end = this.u32() + this.#at;
    const text = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset).toString('utf8', this.#at, end);
    this.#at = end;
    return text;
  }

  /** What is left; not copied. */
  rest(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(this.#at);
  }
}
