const ALPHABET = 128;
/** What stands for every character that is in no word. */
const OTHER = 0;

/** Characters that are read as another one: servers on Windows take both slashes, forms write a blank as `+`. */
const LIKE: readonly (readonly [string, string])[] = [
  ['\\', '/'],
  ['+', ' '],
  ['\t', ' '],
  ['\n', ' '],
  ['\r', ' '],
  ['\v', ' '],
  ['\f', ' '],
];

interface Node {
  readonly next: Map<number, Node>;
  readonly state: number;
  bits: number;
}

/**
 * Says which of many words are in a text, in one pass over it and in time linear in its length, whatever the text
 * (Aho-Corasick). ASCII letters match in either case, runs of blanks as one, and see `LIKE`.
 */
export class WordSpotter {
  /** Class by character code. */
  readonly #classes = new Uint8Array(ALPHABET).fill(OTHER);
  readonly #width: number;
  /** Next state, by state and class. */
  readonly #table: Uint16Array;
  /** What was found on entering a state. */
  readonly #found: Uint32Array;
  readonly #blank: number;

  /** @param words in lower case, of ASCII; each with the bits that say it was found */
  constructor(words: readonly (readonly [word: string, bits: number])[]) {
    this.#width = this.#classify(words.map(([word]) => word));
    this.#blank = this.#classes[32] as number;
    const nodes: Node[] = [{ next: new Map(), state: 0, bits: 0 }];
    for (const [word, bits] of words) this.#plant(nodes, word, bits);
    this.#table = new Uint16Array(nodes.length * this.#width);
    this.#found = Uint32Array.from(nodes, ({ bits }) => bits);
    this.#link(nodes);
  }

  /** @returns the bits of all words found */
  spot(text: string): number {
    let bits = 0;
    let state = 0;
    let before = OTHER;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      const kind = code < ALPHABET ? (this.#classes[code] as number) : OTHER;
      if (kind === this.#blank && before === kind && kind !== OTHER) continue;
      before = kind;
      state = this.#table[state * this.#width + kind] as number;
      bits |= this.#found[state] as number;
    }
    return bits;
  }

  /** @returns how many classes there are */
  #classify(words: readonly string[]): number {
    let classes = 1;
    for (const character of new Set(words.join(''))) {
      const kind = classes++;
      this.#classes[character.charCodeAt(0)] = kind;
      this.#classes[character.toUpperCase().charCodeAt(0)] = kind;
    }
    for (const [character, like] of LIKE) {
      this.#classes[character.charCodeAt(0)] = this.#classes[like.charCodeAt(0)] as number;
    }
    return classes;
  }

  #plant(nodes: Node[], word: string, bits: number): void {
    let node = nodes[0] as Node;
    for (const character of word) {
      const kind = this.#classes[character.charCodeAt(0)] as number;
      let next = node.next.get(kind);
      if (next === undefined) {
        next = { next: new Map(), state: nodes.length, bits: 0 };
        nodes.push(next);
        node.next.set(kind, next);
      }
      node = next;
    }
    node.bits |= bits;
  }

  /** Breadth first: where a word breaks off, goes on with the longest end of it that begins another. */
  #link(nodes: readonly Node[]): void {
    const [table, width] = [this.#table, this.#width];
    const queue: [node: Node, fallback: number][] = [[nodes[0] as Node, 0]];
    for (let at = 0; at < queue.length; at++) {
      const [node, fallback] = queue[at] as [Node, number];
      this.#found[node.state] = (this.#found[node.state] as number) | (this.#found[fallback] as number);
      const row = node.state * width;
      if (node.state !== 0) table.copyWithin(row, fallback * width, (fallback + 1) * width);
      for (const [kind, next] of node.next) {
        queue.push([next, table[row + kind] as number]);
        table[row + kind] = next.state;
      }
    }
  }
}
