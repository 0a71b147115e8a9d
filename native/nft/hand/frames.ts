/** Frames of native/hands/net/verbs.h: length u32 (of what follows), sequence u32, bytes. */
const HEAD = 8;
const SEQUENCE = 4;
/** Of an answer: a set of some ten million elements. A length beyond it is no frame of a hand's. */
const LONGEST = 1 << 30;

export interface Frame {
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

/** Of a frame of `size` bytes. */
export function headOf(sequence: number, size: number): Buffer {
  const head = Buffer.allocUnsafe(HEAD);
  head.writeUInt32LE(size + SEQUENCE, 0);
  head.writeUInt32LE(sequence, 4);
  return head;
}

/** Puts pieces as they arrive together to frames; a large one is written once into its own place. */
export class FrameReader {
  readonly #head = Buffer.alloc(HEAD);
  #headed = 0;
  #body: Buffer | undefined;
  #filled = 0;

  /** @throws RangeError when the bytes are no frames: the connection is of no use any more */
  read(piece: Buffer, frame: (frame: Frame) => void): void {
    for (let at = 0; at < piece.length || this.#isWhole(); ) {
      if (this.#body === undefined) {
        at = this.#readHead(piece, at);
        continue;
      }
      const size = Math.min(this.#body.length - this.#filled, piece.length - at);
      piece.copy(this.#body, this.#filled, at, at + size);
      this.#filled += size;
      at += size;
      if (!this.#isWhole()) return;
      const bytes = this.#body;
      this.#body = undefined;
      frame({ sequence: this.#head.readUInt32LE(4), bytes });
    }
  }

  #isWhole(): boolean {
    return this.#body !== undefined && this.#filled === this.#body.length;
  }

  #readHead(piece: Buffer, at: number): number {
    const size = Math.min(HEAD - this.#headed, piece.length - at);
    piece.copy(this.#head, this.#headed, at, at + size);
    this.#headed += size;
    if (this.#headed < HEAD) return at + size;
    const length = this.#head.readUInt32LE(0);
    if (length <= SEQUENCE || length > LONGEST) throw new RangeError(`a frame of ${length} bytes`);
    this.#headed = 0;
    this.#filled = 0;
    this.#body = Buffer.allocUnsafe(length - SEQUENCE);
    return at + size;
  }
}
