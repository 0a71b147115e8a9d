import { fail, ok, type Result } from '../base/result.ts';
import type { Millis } from '../base/time.ts';
import type { Verdict } from './change.ts';
import type { ConfirmRequest } from './changes.ts';

/** One moment on both clocks. */
export interface Moment {
  readonly wall: Millis;
  /** Boot-time clock. */
  readonly boot: Millis;
}

/** Less is the clocks being read one after the other, or slewed. */
const SET = 1000;

/**
 * Whether a word of confirmation proves that the new state lets its sender in: it must come over a connection opened
 * after the new state was in place. Stamps of connections are wall clock, which may have been set meanwhile; the
 * boot-time clock tells by how much. A clock set forward leaves every old connection's stamp before `placed`. One set
 * back by d makes stamps between `placed` − d and `placed` ambiguous: such a word is taken and says that it proves
 * nothing, since refusing it would leave nobody able to confirm.
 * @param placed when the new state was in place, in the life of this process: no connection outlives its process
 */
export function freshness(
  connection: ConfirmRequest['connection'],
  placed: Moment,
  now: Moment,
): Result<NonNullable<Verdict['freshConnection']>, 'old_connection'> {
  if ('unknown' in connection) return ok({ proved: false, why: connection.unknown });
  const { openedAt } = connection;
  const shift = now.wall - now.boot - (placed.wall - placed.boot);
  const setBack = shift < -SET ? -shift : 0;
  if (openedAt <= placed.wall - setBack) {
    return fail(
      'old_connection',
      'the connection was opened before the change was in place and proves nothing; confirm over a new one',
    );
  }
  if (openedAt > placed.wall && openedAt <= now.wall + SET) return ok({ proved: true });
  const why =
    setBack > 0
      ? `the clock was set back by ${Math.round(setBack / 1000)} s during the trial`
      : 'the connection was opened in the future by this clock';
  return ok({ proved: false, why });
}
