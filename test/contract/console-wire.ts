/**
 * Holds what the console reads (`core/console/browser/wire.ts`) against the schemas of the endpoints, at compile time:
 * the console is compiled apart for the browser, so the compiler does not see both sides otherwise.
 */
import type { Static } from 'typebox';
import type { BlockedIp } from '../../core/api/csm/blocked-ips.ts';
import type { FindingRow } from '../../core/api/csm/findings.ts';
import type { AllowedList } from '../../core/api/csm/firewall-allowed.ts';
import type { BlockedNetwork } from '../../core/api/csm/firewall-subnets.ts';
import type { LoggedIn } from '../../core/api/csm/login.ts';
import type { SectionState, SettingsList } from '../../core/api/csm/settings.ts';
import type { Rollback } from '../../core/api/csm/settings-trial.ts';
import type { SettingsReply } from '../../core/api/csm/settings-wire.ts';
import type { Status } from '../../core/api/csm/status-schema.ts';
import type { ChangeDetail, ChangeRow, TrialRow } from '../../core/api/own/changes-wire.ts';
import type { Claimed } from '../../core/api/own/claim.ts';
import type { FoundEvents } from '../../core/api/own/event-search.ts';
import type { CounterPage } from '../../core/api/own/firewall-counters.ts';
import type { ImageAnswer, UpdateRow } from '../../core/api/own/image.ts';
import type { ListRow } from '../../core/api/own/lists.ts';
import type { PendingRow } from '../../core/api/own/pending-blocks.ts';
import type { SessionState } from '../../core/api/own/session.ts';
import type * as wire from '../../core/console/browser/wire.ts';

/** An error where the server's reply is not all that the console takes it for. */
type Gives<Read, _Reply extends Read> = true;

export type ConsoleWire = [
  Gives<wire.Session, Static<typeof SessionState>>,
  Gives<wire.Entered, Static<typeof LoggedIn>>,
  Gives<Required<wire.Entered>, Static<typeof Claimed>>,
  Gives<wire.Status, Static<typeof Status>>,
  Gives<wire.FindingRow, Static<typeof FindingRow>>,
  Gives<wire.EventSearch, Static<typeof FoundEvents>>,
  Gives<wire.BlockRow, Static<typeof BlockedIp>>,
  Gives<wire.NetworkRow, Static<typeof BlockedNetwork>>,
  Gives<wire.Allowed, Static<typeof AllowedList>>,
  Gives<wire.Counters, Static<typeof CounterPage>>,
  Gives<wire.ListRow, Static<typeof ListRow>>,
  Gives<wire.PendingRow, Static<typeof PendingRow>>,
  Gives<wire.SettingsList, Static<typeof SettingsList>>,
  Gives<wire.SettingsState, Static<typeof SectionState>>,
  Gives<wire.SettingsWritten, Static<typeof SettingsReply>>,
  Gives<wire.Rollback, Static<typeof Rollback>>,
  Gives<wire.ChangeRow, Static<typeof ChangeRow>>,
  Gives<wire.ChangeDetail, Static<typeof ChangeDetail>>,
  Gives<wire.TrialRow, Static<typeof TrialRow>>,
  Gives<wire.Image, Static<typeof ImageAnswer>>,
  Gives<wire.UpdateRow, Static<typeof UpdateRow>>,
];
