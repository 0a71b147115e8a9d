import { blockIp } from './csm/block-ip.ts';
import { blockedIps } from './csm/blocked-ips.ts';
import { events, findingEvents } from './csm/events.ts';
import { findings } from './csm/findings.ts';
import { firewallCheck } from './csm/firewall-check.ts';
import { health } from './csm/health.ts';
import { login, logout } from './csm/login.ts';
import { status } from './csm/status.ts';
import { unblockIp } from './csm/unblock-ip.ts';
import type { ApiDeps, ApiParts } from './deps.ts';
import type { Endpoint } from './endpoint.ts';
import { type Mount, mount, schemasOf } from './mount.ts';
import { deleteBlob, getBlob, listBlobs, uploadBlob } from './own/blobs.ts';
import { claim } from './own/claim.ts';
import { mode, setMode } from './own/mode.ts';
import { session } from './own/session.ts';
import { endSession, sessions } from './own/sessions.ts';
import { createToken, revokeToken, tokens } from './own/tokens.ts';
import { CSM } from './surface.ts';
import type { NamedSchema } from './validation.ts';

/** CSM's own endpoints. */
export const CSM_ENDPOINTS: readonly Endpoint<ApiDeps>[] = [
  status,
  health,
  events,
  findings,
  blockedIps,
  firewallCheck,
  blockIp,
  unblockIp,
  login,
  logout,
];

/** What none of the five APIs has. */
export const OWN_ENDPOINTS: readonly Endpoint<ApiDeps>[] = [
  claim,
  session,
  sessions,
  endSession,
  tokens,
  createToken,
  revokeToken,
  mode,
  setMode,
  uploadBlob,
  listBlobs,
  getBlob,
  deleteBlob,
];

/** All tables on their surfaces. */
export function mountsFor(parts: ApiParts): readonly [Mount, ...Mount[]] {
  const deps: ApiDeps = { ...parts, findingEvents: findingEvents(parts) };
  return [mount(CSM, CSM_ENDPOINTS, deps), mount(CSM, OWN_ENDPOINTS, deps)];
}

/** What the build compiles for them. */
export const API_SCHEMAS: readonly NamedSchema[] = [...schemasOf(CSM, CSM_ENDPOINTS), ...schemasOf(CSM, OWN_ENDPOINTS)];
