import type { Category, EventOutcome } from './event.ts';

/** One word of a parser's closed list of actions. */
export interface ActionInfo {
  readonly category: Category;
  readonly outcome: EventOutcome;
  /** The messages it stands for, for the documentation. */
  readonly description: string;
}

/** A parser's closed list, by action. */
export type Actions = Readonly<Record<string, ActionInfo>>;

const kind =
  (category: Category, outcome: EventOutcome) =>
  (description: string): ActionInfo => ({ category, outcome, description });

export const authFailure = kind('authentication', 'failure');
export const authSuccess = kind('authentication', 'success');
/** Authentication goes on, or what came of it is not said. */
export const authStep = kind('authentication', 'unknown');
export const session = kind('session', 'success');
export const network = kind('network', 'unknown');
export const networkSuccess = kind('network', 'success');
export const networkFailure = kind('network', 'failure');
export const server = kind('process', 'unknown');
export const serverFailure = kind('process', 'failure');
export const mail = kind('email', 'unknown');
export const mailFailure = kind('email', 'failure');
export const web = kind('web', 'unknown');
export const webSuccess = kind('web', 'success');
export const webFailure = kind('web', 'failure');
