import type { Static } from 'typebox';
import type { Component } from '../../base/component.ts';
import { goDuration, rfc3339 } from '../../base/time.ts';
import type { Changes, Pending } from '../../change/changes.ts';
import type { ApplianceFacts } from '../appliance.ts';
import { endpoint } from '../deps.ts';
import { settingsOnTrial } from '../settings.ts';
import { CAPABILITIES } from './capabilities.ts';
import { Status } from './status-schema.ts';
import { isAttached, isWatcher, uptime } from './wire.ts';

export const status = endpoint({
  name: 'status',
  method: 'GET',
  path: '/api/v1/status',
  scope: 'read',
  summary: 'Full health snapshot',
  response: Status,
  shared: true,
  errors: [],
  handler: async ({ deps: { appliance, changes, settings } }) => {
    const state = await settings.state();
    const waiting = state.ok ? state.value.waiting : [];
    return { ok: true, value: statusOf(await appliance.facts(), appliance.blockCount(), trialIn(changes), waiting) };
  },
});

/** What is on trial, and whether that is the settings. */
interface Trial {
  readonly pending: Pending;
  readonly isOfSettings: boolean;
}

function trialIn(changes: Pick<Changes, 'pending'>): Trial | undefined {
  const pending = changes.pending();
  return pending && { pending, isOfSettings: settingsOnTrial(changes) !== undefined };
}

const BYTES_PER_MB = 1_048_576;

/** Another one in each run. */
export const startedAtToken = ({ startedAt }: Pick<ApplianceFacts, 'startedAt'>): string => rfc3339(startedAt);

/** Parts that this version does not have report nothing, not something made up: 0, false, "" and []. */
export function statusOf(
  facts: ApplianceFacts,
  blocked: number,
  trial?: Trial,
  waiting: readonly string[] = [],
): Static<typeof Status> {
  const up = uptime(facts);
  return {
    hostname: facts.hostname,
    version: facts.version,
    uptime: goDuration(up),
    uptime_sec: Math.floor(up / 1000),
    started_at: rfc3339(facts.startedAt),
    started_at_token: startedAtToken(facts),
    rules_loaded: facts.checks,
    scan_running: false,
    last_scan_time: '',
    latest_scan: '',
    baseline_at: '',
    blocklist_size: blocked,
    incidents_open: 0,
    bpf_enforcement_active: false,
    history_count: facts.historyCount,
    severities: { ...facts.severities },
    watchers: Object.fromEntries(facts.components.filter(isWatcher).map((c) => [c.name, isAttached(c)])),
    store_healthy: facts.store.healthy,
    store_size_mb: Math.round((facts.store.bytes / BYTES_PER_MB) * 100) / 100,
    config_hash: facts.configHash,
    binary_hash: facts.binaryHash,
    capabilities: [...CAPABILITIES],
    dry_run_blocks: facts.dryRunBlocks,
    automation: { ...automationOf(facts, blocked), ...rollbackOf(trial) },
    status: reasonOf(facts) === undefined ? 'ok' : 'degraded',
    incidents_open_by_severity: { critical: 0, high: 0, warning: 0 },
    security_posture: postureOf(facts),
    status_reason: reasonOf(facts) ?? '',
    mode: facts.mode,
    mode_reason: facts.modeReason ?? '',
    engine: { http: facts.http.engine, firewall: facts.firewall.engine },
    components: facts.components.map(reportOf),
    claimed: facts.claimed,
    serial: 'serial' in facts.device ? facts.device.serial : '',
    key_fingerprint: 'serial' in facts.device ? facts.device.keyFingerprint : '',
    blocks_pending: facts.queue.pending,
    ...enforcementOf(facts),
    ...(trial && { on_trial: trialOf(trial.pending) }),
    restart_pending: [...waiting],
  };
}

function enforcementOf({ firewall: { enforced } }: ApplianceFacts) {
  if (enforced === undefined) return {};
  const { ratio, lowest, desired, held } = enforced;
  return { enforcement: { ratio, lowest_ratio: lowest, desired, held } };
}

const secondsOf = ({ left }: Pending): number => Math.max(0, Math.floor(left / 1000));

const rollbackOf = (trial: Trial | undefined) =>
  trial?.isOfSettings === true
    ? { firewall_rollback_pending: true, firewall_rollback_seconds_remaining: secondsOf(trial.pending) }
    : { firewall_rollback_pending: false };

const trialOf = (pending: Pending) => ({
  id: pending.change.id,
  summary: pending.change.summary,
  seconds_remaining: secondsOf(pending),
  expires_at: rfc3339(pending.until),
});

const automationOf = ({ autoResponse, firewall, dryRunBlocks, blockedNetworks }: ApplianceFacts, blocked: number) => ({
  auto_response_enabled: autoResponse.enabled,
  auto_response_block_ips: autoResponse.blockIps,
  auto_response_dry_run: autoResponse.dryRun,
  dry_run_blocks: dryRunBlocks,
  challenge_enabled: false,
  challenge_port_gate_enabled: false,
  challenge_port_gate_active: false,
  challenge_pending: 0,
  challenge_escalated: 0,
  firewall_enabled: firewall.enabled,
  firewall_managed: firewall.managed,
  firewall_blocked_ips: blocked,
  firewall_blocked_subnets: blockedNetworks,
});

const reportOf = ({ name, state, message, detail, provenance, since, counters }: Component) => ({
  name,
  state,
  ...(message === undefined ? {} : { message }),
  ...(detail === undefined ? {} : { detail }),
  ...(provenance === undefined ? {} : { provenance }),
  since: rfc3339(since),
  counters: { ...counters },
});

/**
 * Why it is degraded: nothing is watched, a watcher is detached, or any other part does not do its whole work. Names the
 * first; the components tell of all. Undefined when it is not.
 */
function reasonOf({ components, store }: ApplianceFacts): string | undefined {
  const watchers = components.filter(isWatcher);
  if (watchers.length === 0) return 'nothing is watched: no log file, journal or syslog listener is configured';
  const [first, ...others] = components.filter(
    (one) => one.state === 'failed' || one.state === 'degraded' || (isWatcher(one) && !isAttached(one)),
  );
  if (first === undefined) return store.healthy ? undefined : 'the store is not healthy';
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  return `${first.name} is ${first.state}${first.message === undefined ? '' : `: ${first.message}`}${more}`;
}

/** One of {no rules, unhealthy store, detached watcher} is a warning, two are critical. */
function postureOf({ checks, store, components }: ApplianceFacts): 'healthy' | 'warning' | 'critical' {
  const attached = components.filter(isWatcher).every(isAttached);
  const problems = [checks === 0, !store.healthy, !attached].filter(Boolean).length;
  return problems === 0 ? 'healthy' : problems === 1 ? 'warning' : 'critical';
}
