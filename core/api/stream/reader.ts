import { concatBytes } from '@noble/hashes/utils.js';
import type { Clock } from '../../base/ports.ts';
import { type Millis, seconds } from '../../base/time.ts';
import type { StreamSink } from '../http.ts';
import { type Gap, gapComment, gapEvent, openGapEvent } from './gap.ts';
import type { Frame, Place, Ring } from './ring.ts';

/** How long a client whose buffer is full may take to empty it. With 64 KiB of buffer 18 kbit/s are enough. */
const PATIENCE: Millis = seconds(30);
/** Written at once out of a page of the store. */
const BITE = 64 * 1024;

export interface ReaderDeps {
  readonly ring: Ring;
  readonly clock: Pick<Clock, 'after'>;
  /** What a client is to name when it comes back having seen everything up to this serial. */
  readonly idOf: (serial: number) => string;
  /** Kept events behind a serial, lowest first, a page of them. `undefined` when the store cannot be read. */
  readonly page: (serial: number) => Promise<readonly Frame[] | undefined>;
  /** It has ended its stream: because of a gap, or because it was told to. */
  readonly onEnd: (gap?: Gap) => void;
}

export interface ReaderStart {
  readonly sink: StreamSink;
  /** It has seen everything up to this serial. */
  readonly serial: number;
  /** It named its last id, so it is told of gaps; any other reader's stream is ended rather than left with a hole. */
  readonly tellsGaps: boolean;
}

/**
 * One client's way through the events: out of the store up to the ring, then along the ring. It takes what is new when
 * it is visited and has room, so a slow one costs its own buffer and nothing else, and what it was too slow for comes
 * out of the store.
 */
export class Reader {
  readonly #deps: ReaderDeps;
  readonly #sink: StreamSink;
  readonly #tellsGaps: boolean;
  #serial: number;
  #position: number;
  #state: 'ready' | 'reading' | 'full' | 'over' = 'ready';
  #cancelCut = () => {};

  constructor(deps: ReaderDeps, { sink, serial, tellsGaps }: ReaderStart) {
    this.#deps = deps;
    this.#sink = sink;
    this.#tellsGaps = tellsGaps;
    this.#serial = serial;
    this.#position = deps.ring.tail;
    sink.onDrain(() => {
      if (this.#state !== 'full') return;
      this.#cancelCut();
      this.#state = 'ready';
      this.advance();
    });
  }

  /** Sends what is new, or begins to fetch it; does nothing while the client is too slow. @returns bytes written */
  advance(): number {
    const { ring } = this.#deps;
    if (this.#state !== 'ready') return 0;
    if (this.#serial < ring.floor) {
      this.#state = 'reading';
      void this.#catchUp();
      return 0;
    }
    if (this.#position === ring.head) return 0;
    const place: Place = { serial: this.#serial, position: this.#position };
    this.#serial = Math.max(this.#serial, ring.newest);
    this.#position = ring.head;
    const news = ring.after(place);
    this.#write(news);
    return news.length;
  }

  /** Tells that everything up to `to` is passed over. @returns false when that has ended the stream */
  pass(to: number, reason: Gap['reason'], from = this.#serial + 1): boolean {
    const gap = { from, to, reason };
    if (!this.#tellsGaps) {
      this.#endWith(gap, gapComment(gap));
      return false;
    }
    this.#serial = to;
    this.#write(gapEvent(gap, this.#deps.idOf(to)));
    return true;
  }

  /** Ends the stream. */
  end(): void {
    this.close();
    this.#sink.end();
    this.#deps.onEnd();
  }

  /** To be called when the client is gone. */
  close(): void {
    this.#state = 'over';
    this.#cancelCut();
  }

  /** One page out of the store. */
  async #catchUp(): Promise<void> {
    const { ring, page } = this.#deps;
    const { floor } = ring;
    const frames = await page(this.#serial);
    if (this.#state !== 'reading') return;
    this.#state = 'ready';
    if (frames === undefined) this.pass(ring.floor, 'unreadable');
    else if (frames.length === 0) this.pass(floor, 'not_kept');
    else this.#send(frames);
    this.advance();
  }

  /** As many as the client takes; it comes back for the others. */
  #send(frames: readonly Frame[]): void {
    let bite: Uint8Array[] = [];
    let size = 0;
    const flush = () => {
      if (size > 0) this.#write(concatBytes(...bite));
      bite = [];
      size = 0;
    };
    for (const { serial, bytes } of frames) {
      if (serial > this.#serial + 1) {
        flush();
        if (!this.pass(serial - 1, 'not_kept')) return;
      }
      if (size + bytes.length > BITE) flush();
      if (this.#state !== 'ready') return;
      bite.push(bytes);
      size += bytes.length;
      this.#serial = serial;
    }
    flush();
  }

  #write(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#sink.write(bytes) || this.#state !== 'ready') return;
    this.#state = 'full';
    this.#cancelCut = this.#deps.clock.after(PATIENCE, () => this.#cut());
  }

  /** What waits in the buffer, and the marker, still reach a client that wakes up before the engine gives it up. */
  #cut(): void {
    const to = Math.max(this.#serial, this.#deps.ring.newest);
    const gap: Gap = { from: this.#serial + 1, to, reason: 'slow_reader' };
    this.#endWith(gap, this.#tellsGaps ? openGapEvent(gap) : gapComment(gap));
  }

  #endWith(gap: Gap, marker: Uint8Array): void {
    this.close();
    this.#sink.write(marker);
    this.#sink.end();
    this.#deps.onEnd(gap);
  }
}
