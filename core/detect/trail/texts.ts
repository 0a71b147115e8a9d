import { grown } from './columns.ts';

/** Rough bytes of one text besides its characters, measured on V8: map entry, header, slots. */
const TEXT_BYTES = 112;

/** What stands for "no text". */
export const NO_TEXT = 0;

/**
 * Texts under small numbers, each held once however many refer to it, and only as long as somebody does. What is held is
 * a copy of its own: a piece cut from a line would keep the whole line alive.
 */
export class Texts {
  readonly #ids = new Map<string, number>();
  readonly #texts: (string | undefined)[] = [undefined];
  #references = new Uint32Array(64);
  readonly #free: number[] = [];
  #bytes = 0;
  #last = NO_TEXT;

  /** Rough. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The text's number, ≥ 1; to be released once for each time it was held. */
  hold(text: string): number {
    // Positions name the same source line after line.
    const id = text === this.#texts[this.#last] ? this.#last : (this.#ids.get(text) ?? this.#add(text));
    this.#references[id] = (this.#references[id] ?? 0) + 1;
    this.#last = id;
    return id;
  }

  release(id: number): void {
    if (id === NO_TEXT) return;
    const left = (this.#references[id] ?? 0) - 1;
    this.#references[id] = left;
    if (left > 0) return;
    const text = this.of(id);
    this.#ids.delete(text);
    this.#texts[id] = undefined;
    this.#free.push(id);
    this.#bytes -= sizeOf(text);
  }

  /** The text's number if it is held, else `NO_TEXT`. */
  find(text: string): number {
    return this.#ids.get(text) ?? NO_TEXT;
  }

  /** @throws RangeError when nobody holds it */
  of(id: number): string {
    const text = this.#texts[id];
    if (text === undefined) throw new RangeError(`no text ${id}`);
    return text;
  }

  /** Rough bytes of a text; of `NO_TEXT` none. */
  sizeOf(id: number): number {
    return id === NO_TEXT ? 0 : sizeOf(this.of(id));
  }

  #add(text: string): number {
    const copy = detached(text);
    const id = this.#free.pop() ?? this.#texts.length;
    if (id >= this.#references.length) this.#references = grown(this.#references, id + 1);
    this.#texts[id] = copy;
    this.#references[id] = 0;
    this.#ids.set(copy, id);
    this.#bytes += sizeOf(copy);
    return id;
  }
}

const sizeOf = (text: string): number => TEXT_BYTES + 2 * text.length;

/** A copy that keeps nothing else alive: a piece of a line is but a view of the line. */
export const detached = (text: string): string => JSON.parse(JSON.stringify(text));
