import type { IncomingMessage } from 'node:http';
import type { BodyCode } from '../../../core/api/http.ts';
import { type Failure, ok, type Result } from '../../../core/base/result.ts';
import { aborted, type OpenBody, tooLarge } from '../whole-body.ts';

/** Content-Length as written; node has refused one that is no number. 0 without a body, Infinity for a chunked one. */
export const declaredLength = ({ headers }: IncomingMessage): number =>
  headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : Number.POSITIVE_INFINITY;

/** Takes a body from its connection as fast as it is asked for. */
export class NodeBody implements OpenBody {
  /** Whether the client is to send it: not when it said beforehand that it is too large. */
  readonly isWanted: boolean;
  readonly #incoming: IncomingMessage;
  readonly #limit: number;
  #read = 0;
  #piece: Uint8Array | undefined;
  /** How it ended: `ok(undefined)` at its end. */
  #end: Result<undefined, BodyCode> | undefined;
  #wake = () => {};

  constructor(incoming: IncomingMessage, limit: number) {
    this.#incoming = incoming;
    this.#limit = limit;
    const declared = declaredLength(incoming);
    this.isWanted = declared <= limit || declared === Number.POSITIVE_INFINITY;
    if (this.isWanted) this.#attach();
    else this.#end = tooLarge;
  }

  /** Somebody may yet read of it. */
  get isOpen(): boolean {
    return this.#end === undefined;
  }

  async next(): Promise<Result<Uint8Array | undefined, BodyCode>> {
    if (this.#piece === undefined && this.#end === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#incoming.resume();
      });
    }
    const piece = this.#piece;
    this.#piece = undefined;
    return piece === undefined ? (this.#end ?? ok(undefined)) : ok(piece);
  }

  drop(failure: Failure<BodyCode> = aborted): void {
    this.#incoming.off('data', this.#onData);
    this.#finish(failure);
  }

  #attach(): void {
    this.#incoming.on('data', this.#onData).pause();
    this.#incoming.once('end', () => this.#finish(ok(undefined)));
    for (const event of ['error', 'close']) this.#incoming.once(event, () => this.#finish(aborted));
  }

  readonly #onData = (piece: Uint8Array): void => {
    this.#incoming.pause();
    this.#read += piece.length;
    if (this.#read > this.#limit) {
      this.drop(tooLarge);
      return;
    }
    this.#piece = piece;
    this.#wake();
  };

  #finish(end: Result<undefined, BodyCode>): void {
    this.#end ??= end;
    this.#wake();
  }
}
