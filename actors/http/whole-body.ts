import type { BodyCode, BodyReader } from '../../core/api/http.ts';
import type { Clock } from '../../core/base/ports.ts';
import { type Failure, fail, ok, type Result } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';

/** A body that an engine can give up. */
export interface OpenBody extends BodyReader {
  /** Lets go of the connection: nobody asks any more, or it is too late to. */
  drop(failure?: Failure<BodyCode>): void;
}

/** The whole body, if it comes in time. */
export async function wholeBody(
  body: OpenBody,
  clock: Pick<Clock, 'after'>,
  patience: Millis,
): Promise<Result<Uint8Array, BodyCode>> {
  const cancel = clock.after(patience, () => body.drop(late));
  const pieces: Uint8Array[] = [];
  for (;;) {
    const piece = await body.next();
    if (piece.ok && piece.value !== undefined) {
      pieces.push(piece.value);
      continue;
    }
    cancel();
    return piece.ok ? ok(Buffer.concat(pieces)) : piece;
  }
}

export const tooLarge = fail('too_large', 'the body is too large');
export const aborted = fail('aborted', 'the client went away');
export const late = fail('late', 'the body took too long');
