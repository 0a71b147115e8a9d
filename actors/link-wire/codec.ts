import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { Malformed } from './checks.ts';
import { LIMITS, type MessageName } from './limits.ts';

export type Unreadable = 'too_long' | 'malformed';

interface Coder<M> {
  decode(bytes: Uint8Array): M;
}

/**
 * Makes a decoder of one message. It never throws; what is refused is told with the place of what is wrong.
 * @param read checks what protobuf does not know about
 */
export const decoder =
  <M, V>(name: MessageName, coder: Coder<M>, read: (message: M) => V) =>
  (bytes: Uint8Array): Result<V, Unreadable> => {
    const most = LIMITS[name];
    if (bytes.length > most) {
      return fail('too_long', `${name} has ${bytes.length} bytes, at most ${most} are allowed`);
    }
    let message: M;
    try {
      message = coder.decode(bytes);
    } catch (cause) {
      return fail('malformed', `${name}: ${messageOf(cause)}`, cause);
    }
    try {
      return ok(read(message));
    } catch (cause) {
      if (cause instanceof Malformed) return fail('malformed', `${name}.${cause.message}`);
      throw cause;
    }
  };

/** Bytes that the decoder of the same message takes, or why it would not. */
export function checked<V>(
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => Result<V, Unreadable>,
): Result<Uint8Array, Unreadable> {
  const read = decode(bytes);
  return read.ok ? ok(bytes) : read;
}
