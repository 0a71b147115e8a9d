import type { Millis } from '../../core/base/time.ts';
import type { ActionInfo } from '../../core/event/action.ts';
import { clamp } from '../../core/event/clock-text.ts';
import type { Provenance } from '../../core/event/event.ts';
import { LOGIND_ACTIONS } from '../../core/event/programs/logind.ts';
import { PAM_ACTIONS } from '../../core/event/programs/pam.ts';
import { SU_ACTIONS } from '../../core/event/programs/su.ts';
import { SUDO_ACTIONS } from '../../core/event/programs/sudo.ts';
import { SSH_ACTIONS } from '../../core/event/sshd/actions.ts';
import { ACTIONS, FIELD } from '../../native/lines/port.ts';

/** Lines of one minute as `native/lines` has read them: kept without an object for each. */
export interface ReadLines {
  /** `FIELDS` numbers each. A line is named by the place of its first. */
  readonly rows: Uint32Array;
  /** By their numbers; only grows. */
  readonly texts: readonly string[];
  /** In ASCII, one behind the other. */
  readonly messages: Buffer;
  /** In the source, of where the places in rows are counted from. */
  readonly offset: number;
  readonly source: string;
  readonly provenance: Provenance;
  /** The minute, Unix ms. */
  readonly began: number;
  readonly receivedAt: Millis;
}

type Kind = Pick<ActionInfo, 'category' | 'outcome'> & { readonly action: string };

const KNOWN = { ...SSH_ACTIONS, ...PAM_ACTIONS, ...LOGIND_ACTIONS, ...SUDO_ACTIONS, ...SU_ACTIONS };

/** What a line says, by the number of its action. */
export const KINDS: readonly Kind[] = ACTIONS.map((action) => {
  if (action === undefined) return { action: '', category: 'other', outcome: 'unknown' };
  const { category, outcome } = KNOWN[action];
  return { action, category, outcome };
});

/** As lists of texts. */
export const KIND_TEXTS = {
  action: KINDS.map(({ action }) => action),
  category: KINDS.map(({ category }) => category),
  outcome: KINDS.map(({ outcome }) => outcome),
};

/** Lines of `lines` that stand one behind the other, all of them read. */
export interface Run {
  readonly lines: ReadLines;
  /** Place of the first. */
  readonly line: number;
  readonly count: number;
}

export const momentOf = ({ rows, began, receivedAt }: ReadLines, line: number): Millis =>
  clamp(began + (rows[line + FIELD.moment] as number), receivedAt);
