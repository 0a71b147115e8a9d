/** A key of 64 bits; what the halves mean is the caller's affair. */
export interface KeyColumns {
  high: Int32Array;
  low: Int32Array;
}

const FIRST_SLOTS = 256;

/**
 * Finds the row of a key: open addressing with linear probing over a table of row numbers, four bytes a slot and never
 * more than half full. The keys stand in the rows' own columns.
 *
 * Where a key lies depends on `salt`, so that nobody who does not know it can choose addresses that all lie in one
 * place. Nothing else depends on it.
 */
export class KeyIndex {
  readonly #keys: KeyColumns;
  readonly #salt: number;
  /** Row + 1; 0 is an empty slot. */
  #slots = new Int32Array(FIRST_SLOTS);
  #mask = FIRST_SLOTS - 1;
  #size = 0;

  constructor(keys: KeyColumns, salt: number) {
    this.#keys = keys;
    this.#salt = salt | 0;
  }

  get size(): number {
    return this.#size;
  }

  /** @returns -1 when there is none */
  find(high: number, low: number): number {
    const { high: highs, low: lows } = this.#keys;
    for (let slot = this.#home(high, low); ; slot = (slot + 1) & this.#mask) {
      const row = (this.#slots[slot] as number) - 1;
      if (row < 0 || (lows[row] === low && highs[row] === high)) return row;
    }
  }

  /** A row whose key stands in the columns already and is not in the index. */
  add(row: number): void {
    if (2 * ++this.#size > this.#slots.length) this.#rebuild(this.#slots.length * 2);
    this.#place(row);
  }

  /** The row's key must still stand in the columns. */
  remove(row: number): void {
    const slots = this.#slots;
    let hole = this.#homeOf(row);
    while (slots[hole] !== row + 1) hole = (hole + 1) & this.#mask;
    this.#size--;
    // What was pushed behind its place by the one that goes moves up, so that no gap hides it.
    for (let slot = (hole + 1) & this.#mask; slots[slot] !== 0; slot = (slot + 1) & this.#mask) {
      const home = this.#homeOf((slots[slot] as number) - 1);
      if (((slot - home) & this.#mask) < ((slot - hole) & this.#mask)) continue;
      slots[hole] = slots[slot] as number;
      hole = slot;
    }
    slots[hole] = 0;
  }

  #place(row: number): void {
    let slot = this.#homeOf(row);
    while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = row + 1;
  }

  #rebuild(length: number): void {
    const before = this.#slots;
    this.#slots = new Int32Array(length);
    this.#mask = length - 1;
    for (const taken of before) if (taken !== 0) this.#place(taken - 1);
  }

  #homeOf(row: number): number {
    return this.#home(this.#keys.high[row] as number, this.#keys.low[row] as number);
  }

  /** MurmurHash3's finish over both halves. */
  #home(high: number, low: number): number {
    let hash = Math.imul(high ^ this.#salt, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15) ^ low, 0xc2b2ae35);
    hash = Math.imul(hash ^ (hash >>> 13) ^ this.#salt, 0x9e3779b1);
    return (hash ^ (hash >>> 16)) & this.#mask;
  }
}
