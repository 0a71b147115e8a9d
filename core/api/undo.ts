import type { Result } from '../base/result.ts';
import { isNothing, type Reversed, type ReverseRequest } from '../respond/reversal.ts';
import type { Undoable, UndoEntry } from '../respond/undo.ts';
import type { Principal } from './auth.ts';

/** Orders that can be taken back for half a minute, each by who gave it; clients that share a token share them. */
export interface Undo {
  /** @returns the token by which `run` knows it */
  record(operator: string, order: Undoable): string;
  /** The newest that can still be taken back. */
  latest(operator: string): UndoEntry | undefined;
  /**
   * Takes an order back, the newest where `id` is empty; it is used up whatever comes of it. `gone`: there is none, or not
   * any more.
   */
  run(
    operator: string,
    id: string,
    by: ReverseRequest,
  ): Promise<Result<Reversed & Pick<UndoEntry, 'action' | 'inverse'>, 'gone' | 'observing' | 'failed'>>;
}

/** Whose orders these are: a token's, also of the sessions that were opened with it. */
export const operatorOf = ({ kind, name }: Principal): string => (kind === 'local' ? 'local' : `token ${name}`);

/** Notes an order that did something. @returns its token, empty where nothing was done */
export const undoToken = (undo: Undo, principal: Principal, order: Undoable): string =>
  isNothing(order.reversal) ? '' : undo.record(operatorOf(principal), order);
