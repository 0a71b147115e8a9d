import type { Result } from '../../core/base/result.ts';
import type { ListenCode, Listener } from './port.ts';

/** @throws when it does not listen, with one sentence on what to do about it */
export function opened(listener: Result<Listener, ListenCode>): Listener {
  if (!listener.ok) throw new Error(listener.public, { cause: listener.cause });
  return listener.value;
}
