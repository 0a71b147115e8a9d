import type { Severity } from '../../core/detect/finding.ts';
import type { ListManifest } from '../../core/link/list.ts';
import type { CommandState, OrderKind } from '../../core/link/order.ts';
import type { DesiredStanding } from '../../core/link/reported.ts';
import { v1 } from '../../proto/index.ts';

/** An enumeration both ways. */
export interface Words<W extends string> {
  readonly numbers: Readonly<Record<W, number>>;
  readonly words: ReadonlyMap<number, W>;
}

const words = <W extends string>(numbers: Readonly<Record<W, number>>): Words<W> => ({
  numbers,
  words: new Map((Object.entries(numbers) as [W, number][]).map(([one, number]) => [number, one])),
});

const kinds = v1.OrderKind;
export const ORDER_KIND: Words<OrderKind> = words({
  desired: kinds.ORDER_KIND_DESIRED,
  keys: kinds.ORDER_KIND_KEYS,
  list: kinds.ORDER_KIND_LIST,
  lease: kinds.ORDER_KIND_LEASE,
  block: kinds.ORDER_KIND_BLOCK,
  unblock: kinds.ORDER_KIND_UNBLOCK,
  allow: kinds.ORDER_KIND_ALLOW,
  scan: kinds.ORDER_KIND_SCAN,
  restart: kinds.ORDER_KIND_RESTART,
  replay: kinds.ORDER_KIND_REPLAY,
  confirm: kinds.ORDER_KIND_CONFIRM,
  diagnostics: kinds.ORDER_KIND_DIAGNOSTICS,
});

const states = v1.CommandState;
export const COMMAND_STATE: Words<CommandState> = words({
  accepted: states.COMMAND_STATE_ACCEPTED,
  done: states.COMMAND_STATE_DONE,
  refused: states.COMMAND_STATE_REFUSED,
  failed: states.COMMAND_STATE_FAILED,
});

const purposes = v1.ListPurpose;
export const LIST_PURPOSE: Words<ListManifest['purpose']> = words({
  block: purposes.LIST_PURPOSE_BLOCK,
  allow: purposes.LIST_PURPOSE_ALLOW,
});

const standings = v1.DesiredStanding;
export const STANDING: Words<DesiredStanding> = words({
  none: standings.DESIRED_STANDING_UNSPECIFIED,
  confirmed: standings.DESIRED_STANDING_CONFIRMED,
  on_trial: standings.DESIRED_STANDING_ON_TRIAL,
  waiting: standings.DESIRED_STANDING_WAITING,
  conflict: standings.DESIRED_STANDING_CONFLICT,
  reverted: standings.DESIRED_STANDING_REVERTED,
  refused: standings.DESIRED_STANDING_REFUSED,
});

const severities = v1.Severity;
export const SEVERITY: Words<Severity> = words({
  warning: severities.SEVERITY_WARNING,
  high: severities.SEVERITY_HIGH,
  critical: severities.SEVERITY_CRITICAL,
});
