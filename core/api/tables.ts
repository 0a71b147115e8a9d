import { allowIp, removeAllow } from './csm/allow-ip.ts';
import { audit } from './csm/audit.ts';
import { blockIp } from './csm/block-ip.ts';
import { blockedIps } from './csm/blocked-ips.ts';
import { capabilities } from './csm/capabilities.ts';
import { components } from './csm/components.ts';
import { dismiss } from './csm/dismiss.ts';
import { events, findingEvents } from './csm/events.ts';
import { findingDetail } from './csm/finding-detail.ts';
import { findings } from './csm/findings.ts';
import { firewallAllowed } from './csm/firewall-allowed.ts';
import { firewallAudit } from './csm/firewall-audit.ts';
import { firewallCheck } from './csm/firewall-check.ts';
import { flush } from './csm/firewall-flush.ts';
import { firewallStatus } from './csm/firewall-status.ts';
import { firewallSubnets } from './csm/firewall-subnets.ts';
import { cphulkClear, unban } from './csm/firewall-unban.ts';
import { health } from './csm/health.ts';
import { history } from './csm/history.ts';
import { historyCsv } from './csm/history-csv.ts';
import { login, logout } from './csm/login.ts';
import { metrics } from './csm/metrics.ts';
import { changeSettings, settings, settingsSection } from './csm/settings.ts';
import { settingsRestart } from './csm/settings-restart.ts';
import { settingsConfirm, settingsRevert, settingsRollback, settingsTryOut } from './csm/settings-trial.ts';
import { stats } from './csm/stats.ts';
import { statsTimeline, statsTrend } from './csm/stats-series.ts';
import { status } from './csm/status.ts';
import { denySubnet, removeSubnet } from './csm/subnet-orders.ts';
import { changeSuppressions, deleteSuppression, suppressions } from './csm/suppressions.ts';
import { testAlert } from './csm/test-alert.ts';
import { unblockBulk } from './csm/unblock-bulk.ts';
import { unblockIp } from './csm/unblock-ip.ts';
import { undoPending, undoRun } from './csm/undo.ts';
import type { ApiDeps, ApiParts } from './deps.ts';
import type { Endpoint } from './endpoint.ts';
import { type Mount, mount, schemasOf } from './mount.ts';
import type { Described } from './openapi/build.ts';
import { deleteBlob, getBlob, listBlobs, uploadBlob } from './own/blobs.ts';
import { changeEvents, changeWatch } from './own/change-events.ts';
import { confirmChange, getChange, listChanges, pendingChange, revertChange } from './own/changes.ts';
import { claim } from './own/claim.ts';
import { controllerLink, enroll, leaveController } from './own/controller-link.ts';
import { eventSearch } from './own/event-search.ts';
import { firewallCounters } from './own/firewall-counters.ts';
import { identity } from './own/identity.ts';
import { factoryReset, image, imageEvents, imageWatch, installImage, rebootImage } from './own/image.ts';
import { acceptList, firewallLists, refreshList } from './own/lists.ts';
import { mode, setMode } from './own/mode.ts';
import { documentation } from './own/openapi.ts';
import { pendingBlocks } from './own/pending-blocks.ts';
import { previewChange } from './own/preview.ts';
import { session } from './own/session.ts';
import { endSession, sessions } from './own/sessions.ts';
import { settingsReload } from './own/settings-reload.ts';
import { createToken, revokeToken, tokens } from './own/tokens.ts';
import { CSM, OWN } from './surface.ts';
import type { NamedSchema } from './validation.ts';

/** CSM's own endpoints. */
export const CSM_ENDPOINTS: readonly Endpoint<ApiDeps>[] = [
  status,
  health,
  capabilities,
  components,
  events,
  findings,
  findingDetail,
  history,
  historyCsv,
  stats,
  statsTrend,
  statsTimeline,
  dismiss,
  suppressions,
  changeSuppressions,
  deleteSuppression,
  audit,
  blockedIps,
  firewallCheck,
  blockIp,
  unblockIp,
  unblockBulk,
  firewallStatus,
  firewallSubnets,
  denySubnet,
  removeSubnet,
  flush,
  unban,
  cphulkClear,
  undoPending,
  undoRun,
  firewallAllowed,
  firewallAudit,
  allowIp,
  removeAllow,
  testAlert,
  settings,
  settingsSection,
  changeSettings,
  settingsRestart,
  settingsTryOut,
  settingsRollback,
  settingsConfirm,
  settingsRevert,
  login,
  logout,
  metrics,
];

/** What none of the five APIs has. */
export const OWN_ENDPOINTS: readonly Endpoint<ApiDeps>[] = [
  claim,
  identity,
  session,
  sessions,
  endSession,
  tokens,
  createToken,
  revokeToken,
  mode,
  setMode,
  pendingBlocks,
  firewallLists,
  refreshList,
  acceptList,
  firewallCounters,
  eventSearch,
  settingsReload,
  uploadBlob,
  listBlobs,
  getBlob,
  deleteBlob,
  listChanges,
  pendingChange,
  getChange,
  confirmChange,
  revertChange,
  previewChange,
  changeEvents,
  imageEvents,
  image,
  installImage,
  rebootImage,
  factoryReset,
  controllerLink,
  enroll,
  leaveController,
  ...documentation(() => DESCRIBED),
];

/** All tables, for the documents made of them. */
export const DESCRIBED: readonly Described[] = [
  { tag: 'csm', description: "CSM's API for hosts", surface: CSM, endpoints: CSM_ENDPOINTS },
  { tag: 'own', description: 'What no other API has', surface: OWN, endpoints: OWN_ENDPOINTS },
];

/** All tables on their surfaces. */
export function mountsFor(parts: ApiParts): readonly [Mount, ...Mount[]] {
  const deps: ApiDeps = {
    ...parts,
    findingEvents: findingEvents(parts),
    changeWatch: changeWatch(parts),
    imageWatch: imageWatch(parts),
  };
  return [mount(CSM, CSM_ENDPOINTS, deps), mount(OWN, OWN_ENDPOINTS, deps)];
}

/** What the build compiles for them. */
export const API_SCHEMAS: readonly NamedSchema[] = [...schemasOf(CSM, CSM_ENDPOINTS), ...schemasOf(OWN, OWN_ENDPOINTS)];
