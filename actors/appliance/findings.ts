import { contentId, type FindingId } from '../../core/base/ids.ts';
import { type Millis, rfc3339 } from '../../core/base/time.ts';
import type { Finding, Severity } from '../../core/detect/finding.ts';
import type { DriftReport } from '../firewall/index.ts';
import type { DamagedPart, StorageStatus } from '../segments/index.ts';
import type { JournalLoss } from '../watchers/journal/index.ts';

/** Damage to the appliance's own store, as a finding: it must be seen where attacks are seen. */
export const damageFinding = (hostname: string, message: string, at: Millis): Finding =>
  ownFinding(hostname, { check: 'store_damage', severity: 'critical', message, at });

/** What somebody asks for who wants to see whether alerts arrive. */
export const testFinding = (hostname: string, actor: string, at: Millis): Finding =>
  ownFinding(hostname, { check: 'test_alert', severity: 'warning', message: `Test alert, asked for by ${actor}`, at });

/** Entries of the journal that cannot be read any more. */
export function journalLossFinding(hostname: string, { why, after, before, atMost }: JournalLoss, at: Millis): Finding {
  const how = {
    vacuumed: 'were deleted before they were read',
    replaced: 'may be gone: there is another journal now',
    missing: 'are missing between others that were read',
  }[why];
  const count = atMost === undefined ? 'Entries' : `At most ${atMost} entries`;
  const until = before === undefined ? '' : ` and ${rfc3339(before)}`;
  const message = `${count} of the journal ${how} (after ${rfc3339(after)}${until})`;
  return ownFinding(hostname, { check: 'journal_loss', severity: 'warning', message, at });
}

/** Stored lines that cannot be read. */
export const eventDamageFinding = (hostname: string, part: DamagedPart, at: Millis): Finding =>
  ownFinding(hostname, {
    check: 'event_damage',
    severity: 'high',
    message: `Stored lines cannot be read: ${part.file} at byte ${part.at}: ${part.why}`,
    at,
  });

/** Lines that are judged but not kept; undefined when they are kept. */
export function eventsNotKeptFinding(hostname: string, { state, why }: StorageStatus, at: Millis): Finding | undefined {
  if (state === 'ok') return undefined;
  const message = `Lines are judged, but not kept: ${why ?? 'the disk does not keep up'}`;
  return ownFinding(hostname, { check: 'events_not_kept', severity: 'warning', message, at });
}

/** What happened to the firewall in the kernel: less in force than should be, or a chain of another program ahead of it. */
export const driftFinding = (hostname: string, { kind, message }: DriftReport, at: Millis): Finding =>
  ownFinding(hostname, { ...DRIFT[kind], message, at });

const DRIFT: Readonly<Record<DriftReport['kind'], Pick<OwnFinding, 'check' | 'severity'>>> = {
  damaged: { check: 'firewall_drift', severity: 'high' },
  contested: { check: 'firewall_drift', severity: 'high' },
  repaired: { check: 'firewall_drift', severity: 'warning' },
  ahead: { check: 'firewall_chain_ahead', severity: 'warning' },
};

interface OwnFinding {
  readonly check: string;
  readonly severity: Severity;
  readonly message: string;
  readonly at: Millis;
}

/** A finding of the appliance about itself; no line of any log is behind it. */
function ownFinding(hostname: string, { check, severity, message, at }: OwnFinding): Finding {
  const position = { source: 'bartizan', offset: 0 };
  return {
    id: contentId(at, [check, 'host', hostname, message]) as FindingId,
    at,
    check,
    severity,
    subject: { kind: 'host', value: hostname },
    message,
    firstAt: at,
    count: 1,
    first: position,
    last: position,
    provenance: 'kernel',
  };
}
