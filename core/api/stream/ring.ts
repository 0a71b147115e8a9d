import { concatBytes } from '@noble/hashes/utils.js';

/** What is kept at most; behind it there is the store. */
const MAX_FRAMES = 1024;
const MAX_BYTES = 256 * 1024;
/** Runs of frames put together once and written to everybody who is at the same place. */
const MAX_RUNS = 4;

export interface Frame {
  readonly serial: number;
  readonly bytes: Uint8Array;
}

/** Where a reader stands. Positions count the frames that were ever pushed. */
export interface Place {
  /** Highest serial sent or passed over. */
  readonly serial: number;
  /** Everything at and behind this position has not been looked at yet. */
  readonly position: number;
}

/** The newest frames, encoded once for all readers. Serials ascend. */
export class Ring {
  /** Frame `i` has position `#tail + i`. */
  readonly #frames: Frame[] = [];
  readonly #runs = new Map<number, Uint8Array>();
  #tail = 0;
  #bytes = 0;
  #floor: number;
  #newest: number;

  /** @param serial of the newest event that is older than the ring */
  constructor(serial: number) {
    this.#floor = serial;
    this.#newest = serial;
  }

  /** Position of the frame that will be pushed next. */
  get head(): number {
    return this.#tail + this.#frames.length;
  }

  get tail(): number {
    return this.#tail;
  }

  /** Everything with a higher serial is in the ring. */
  get floor(): number {
    return this.#floor;
  }

  get newest(): number {
    return this.#newest;
  }

  push(frame: Frame): void {
    this.#frames.push(frame);
    this.#bytes += frame.bytes.length;
    this.#newest = frame.serial;
    this.#runs.clear();
    while (this.#frames.length > MAX_FRAMES || this.#bytes > MAX_BYTES) this.#dropOldest();
  }

  /** All that is new to a reader whose serial is at least `floor`. It stands at `newest` and `head` afterwards. */
  after(place: Place): Uint8Array {
    const from = Math.max(place.position, this.#tail);
    const frames = this.#frames.slice(from - this.#tail);
    const news = frames.filter(({ serial }) => serial > place.serial);
    return news.length < frames.length ? join(news) : this.#run(from, frames);
  }

  #run(from: number, frames: readonly Frame[]): Uint8Array {
    const known = this.#runs.get(from);
    if (known !== undefined) return known;
    const run = join(frames);
    if (this.#runs.size < MAX_RUNS) this.#runs.set(from, run);
    return run;
  }

  #dropOldest(): void {
    const oldest = this.#frames.shift();
    if (oldest === undefined) return;
    this.#tail++;
    this.#bytes -= oldest.bytes.length;
    this.#floor = oldest.serial;
  }
}

const join = (frames: readonly Frame[]): Uint8Array => concatBytes(...frames.map(({ bytes }) => bytes));
