import { fail, ok, type Result } from '../../../core/base/result.ts';
import type { UwsResponse } from './binding.ts';

type Body = Result<Uint8Array, 'too_large' | 'aborted'>;

/**
 * The body of a request as it comes in. Until somebody asks, at most `patience` bytes are kept, then the client is made
 * to wait; after the answer, what still comes is counted and forgotten.
 */
export class Inbox {
  /** All of it has arrived. */
  isComplete = false;
  /** Called with the size of each piece that came after the answer, and once more with 0 at the end. */
  onRest: ((bytes: number) => void) | undefined;
  readonly #response: UwsResponse;
  readonly #announced: number;
  readonly #patience: number;
  #chunks: Uint8Array[] = [];
  #size = 0;
  #limit: number | undefined;
  #isPaused = false;
  #settle: ((body: Body) => void) | undefined;

  constructor(response: UwsResponse, announced: number, patience: number) {
    this.#response = response;
    this.#announced = announced;
    this.#patience = patience;
    response.onData((chunk, isLast) => this.#take(chunk, isLast));
  }

  read(limit: number): Promise<Body> {
    const isKnownTooLarge = Number.isFinite(this.#announced) ? this.#announced > limit : this.#size > limit;
    if (isKnownTooLarge) return Promise.resolve(tooLarge);
    this.#limit = limit;
    return new Promise((resolve) => {
      this.#settle = resolve;
      if (this.isComplete) this.#deliver();
      this.resume();
    });
  }

  /** Lets the client go on. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#response.resume();
  }

  /** The client is gone. */
  abort(): void {
    this.#end(aborted);
  }

  /** Nobody will ask any more. */
  forget(): void {
    this.#chunks = [];
    this.#limit = 0;
  }

  #take(piece: ArrayBuffer, isLast: boolean): void {
    if (this.onRest === undefined) this.#keep(piece);
    else if (piece.byteLength > 0) this.onRest(piece.byteLength);
    if (!isLast) return;
    this.isComplete = true;
    if (this.#settle !== undefined) this.#deliver();
    this.onRest?.(0);
  }

  #keep(piece: ArrayBuffer): void {
    this.#size += piece.byteLength;
    if (this.#size > (this.#limit ?? Number.POSITIVE_INFINITY)) {
      this.#end(tooLarge);
      return;
    }
    // The engine takes the buffer back when this returns.
    this.#chunks.push(new Uint8Array(piece.slice(0)));
    if (this.#limit !== undefined || this.#size <= this.#patience || this.#isPaused) return;
    this.#isPaused = true;
    this.#response.pause();
  }

  /**
   * A body in chunks is handed over only after the bytes behind it have been looked at. They are read leniently, so a
   * message that goes on where it should have ended must cost the connection before anything is done about it.
   */
  #deliver(): void {
    const body = ok(Buffer.concat(this.#chunks, this.#size));
    if (Number.isFinite(this.#announced)) this.#end(body);
    else setImmediate(() => this.#end(body));
  }

  #end(body: Body): void {
    this.#settle?.(body);
    this.#settle = undefined;
    this.#chunks = [];
  }
}

const tooLarge = fail('too_large', 'the body is too large');
const aborted = fail('aborted', 'the client went away');
