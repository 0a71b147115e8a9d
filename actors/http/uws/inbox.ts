import type { BodyCode } from '../../../core/api/http.ts';
import { type Failure, ok, type Result } from '../../../core/base/result.ts';
import { aborted, type OpenBody, tooLarge } from '../whole-body.ts';
import type { UwsResponse } from './binding.ts';

/**
 * The body of a request as it comes in. The client is made to wait while more than one piece is kept for a reader; after
 * that, what still comes is counted and forgotten.
 */
export class Inbox implements OpenBody {
  /** All of it has arrived. */
  isComplete = false;
  /** Somebody has asked for it. */
  isRead = false;
  /** Called with the size of each piece that nobody will read, and with 0 at the end. */
  onRest: ((bytes: number) => void) | undefined;
  readonly #response: UwsResponse;
  readonly #announced: number;
  #limit = Number.POSITIVE_INFINITY;
  #pieces: Uint8Array[] = [];
  #received = 0;
  /** How it ended: `ok(undefined)` at its end. */
  #end: Result<undefined, BodyCode> | undefined;
  #isPaused = false;
  #wake = () => {};

  constructor(response: UwsResponse, announced: number) {
    this.#response = response;
    this.#announced = announced;
    response.onData((piece, isLast) => this.#take(piece, isLast));
  }

  /** Begins to read: the only reader there will be. */
  open(limit: number): this {
    if (this.isRead) throw new Error('the body of this request is read already');
    this.isRead = true;
    this.#limit = limit;
    const known = Number.isFinite(this.#announced) ? this.#announced : this.#received;
    if (known > limit) this.drop(tooLarge);
    return this;
  }

  async next(): Promise<Result<Uint8Array | undefined, BodyCode>> {
    if (this.#pieces.length === 0 && this.#end === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.resume();
      });
    }
    const piece = this.#pieces.shift();
    return piece === undefined ? (this.#end ?? ok(undefined)) : ok(piece);
  }

  drop(failure: Failure<BodyCode> = aborted): void {
    this.#pieces = [];
    this.#finish(failure);
  }

  /** Lets the client go on. Each time the engine begins anew to count how slow it is. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#response.resume();
  }

  #take(piece: ArrayBuffer, isLast: boolean): void {
    this.#received += piece.byteLength;
    if (this.#end !== undefined) this.#forget(piece.byteLength);
    else if (this.#received > this.#limit) this.drop(tooLarge);
    else if (piece.byteLength > 0) this.#keep(piece, isLast);
    if (isLast) this.#complete();
  }

  #forget(bytes: number): void {
    if (bytes > 0) this.onRest?.(bytes);
  }

  #keep(piece: ArrayBuffer, isLast: boolean): void {
    // The engine takes the buffer back when this returns.
    this.#pieces.push(new Uint8Array(piece.slice(0)));
    if (!isLast && !this.#isPaused) {
      this.#isPaused = true;
      this.#response.pause();
    }
    this.#wake();
  }

  /**
   * A body in chunks ends only after the bytes behind it have been looked at. They are read leniently, so a message that
   * goes on where it should have ended must cost the connection before anything is done about it.
   */
  #complete(): void {
    this.isComplete = true;
    this.resume();
    if (Number.isFinite(this.#announced)) this.#finish(ok(undefined));
    else setImmediate(() => this.#finish(ok(undefined)));
    this.onRest?.(0);
  }

  #finish(end: Result<undefined, BodyCode>): void {
    this.#end ??= end;
    this.#wake();
  }
}
