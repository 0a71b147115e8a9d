import { Type } from 'typebox';
import { MODES } from '../../respond/mode.ts';

const Count = Type.Integer({ minimum: 0 });

const BySeverity = Type.Object({ critical: Count, high: Count, warning: Count });

export const ComponentReport = Type.Object({
  name: Type.String(),
  state: Type.String({ description: 'starting | ok | waiting | degraded | failed | off' }),
  message: Type.Optional(Type.String({ description: 'What is wrong and what to do about it' })),
  detail: Type.Optional(Type.String({ description: 'What is good to know while nothing is wrong' })),
  provenance: Type.Optional(Type.String({ description: 'Of a source: how far its lines can be trusted at best' })),
  since: Type.String({ description: 'RFC 3339' }),
  counters: Type.Record(Type.String(), Type.Number()),
});

const Automation = Type.Object({
  auto_response_enabled: Type.Boolean(),
  auto_response_block_ips: Type.Boolean(),
  auto_response_dry_run: Type.Boolean(),
  dry_run_blocks: Count,
  challenge_enabled: Type.Boolean(),
  challenge_port_gate_enabled: Type.Boolean(),
  challenge_port_gate_active: Type.Boolean(),
  challenge_pending: Count,
  challenge_escalated: Count,
  firewall_enabled: Type.Boolean(),
  firewall_managed: Type.Boolean(),
  firewall_blocked_ips: Count,
  firewall_blocked_subnets: Count,
  firewall_rollback_pending: Type.Boolean(),
  firewall_rollback_seconds_remaining: Type.Optional(Count),
});

/** CSM's fields in CSM's order, then our own. */
export const Status = Type.Object({
  hostname: Type.String(),
  version: Type.String(),
  uptime: Type.String({ description: 'Go duration, e.g. 72h3m0s' }),
  uptime_sec: Count,
  started_at: Type.String({ description: 'RFC 3339' }),
  started_at_token: Type.String({ description: 'Changes with every start' }),
  rules_loaded: Count,
  scan_running: Type.Boolean(),
  last_scan_time: Type.String({ description: 'Alias of latest_scan' }),
  latest_scan: Type.String({ description: 'RFC 3339, or empty when there was none' }),
  baseline_at: Type.String(),
  blocklist_size: Count,
  incidents_open: Count,
  bpf_enforcement_active: Type.Boolean(),
  history_count: Count,
  severities: BySeverity,
  watchers: Type.Record(Type.String(), Type.Boolean()),
  store_healthy: Type.Boolean(),
  store_size_mb: Type.Number(),
  config_hash: Type.String(),
  binary_hash: Type.String(),
  capabilities: Type.Array(Type.String()),
  dry_run_blocks: Count,
  automation: Automation,
  status: Type.Enum(['ok', 'degraded', 'down']),
  incidents_open_by_severity: BySeverity,
  security_posture: Type.Enum(['healthy', 'warning', 'critical']),
  status_reason: Type.String({ description: 'Why the status is not ok; else empty' }),
  mode: Type.Enum([...MODES]),
  mode_reason: Type.String({ description: 'Why the mode is not what was asked for; else empty' }),
  engine: Type.Object({ http: Type.String(), firewall: Type.String() }),
  components: Type.Array(ComponentReport),
  claimed: Type.Boolean(),
  serial: Type.String({ description: 'Of the device, as printed on its label; empty where it has no identity' }),
  key_fingerprint: Type.String({ description: 'Of the device key, as OpenSSH prints it; empty as serial' }),
  blocks_pending: Type.Integer({ minimum: 0, description: 'Automatic blocks that wait for their turn' }),
  enforcement: Type.Optional(
    Type.Object(
      {
        ratio: Type.Number({ minimum: 0, maximum: 1, description: '1 only when nothing is known to be missing' }),
        lowest_ratio: Type.Number({ minimum: 0, maximum: 1, description: 'Within the last five minutes' }),
        desired: Count,
        held: Count,
      },
      { description: 'How much of what is desired the kernel holds, as last known; absent while nothing is enforced' },
    ),
  ),
  on_trial: Type.Optional(
    Type.Object(
      {
        id: Type.String(),
        summary: Type.String(),
        seconds_remaining: Count,
        expires_at: Type.String({ description: 'RFC 3339' }),
      },
      { description: 'There while a change is on trial' },
    ),
  ),
  restart_pending: Type.Array(Type.String(), { description: 'Settings that wait for the next start' }),
});

/** Beside CSM's fields. */
export const OWN_STATUS_FIELDS = [
  'status_reason',
  'mode',
  'mode_reason',
  'engine',
  'components',
  'claimed',
  'serial',
  'key_fingerprint',
  'blocks_pending',
  'enforcement',
  'on_trial',
  'restart_pending',
] as const;
