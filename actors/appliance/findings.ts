import { contentId, type FindingId } from '../../core/base/ids.ts';
import { type Millis, rfc3339 } from '../../core/base/time.ts';
import type { Finding, Severity } from '../../core/detect/finding.ts';
import type { BootTrouble } from '../../core/image/boot-report.ts';
import type { AuditTrouble } from '../audit/index.ts';
import type { Astray, CanaryOutcome } from '../canary/index.ts';
import type { DriftReport } from '../firewall/index.ts';
import type { DamagedPart, StorageStatus } from '../segments/index.ts';
import type { JournalLoss } from '../watchers/journal/index.ts';

const MOST_NAMED = 5;

/** Damage to the appliance's own store, as a finding: it must be seen where attacks are seen. */
export const damageFinding = (hostname: string, message: string, at: Millis): Finding =>
  ownFinding(hostname, { check: 'store_damage', severity: 'critical', message, at });

/** A device whose identity is damaged, and is not made anew. */
export const deviceFinding = (hostname: string, message: string, at: Millis): Finding =>
  ownFinding(hostname, { check: 'device_identity', severity: 'critical', message, at });

/** Packets that the kernel was to drop or to let in, and did the other with. */
export function canaryFinding(hostname: string, { missed, cut, at }: CanaryOutcome): Finding {
  const named = (those: readonly Astray[]): string => {
    const shown = those.slice(0, MOST_NAMED).map(({ ip, why }) => `${ip} (${why})`);
    return [...shown, ...(those.length > shown.length ? [`${those.length - shown.length} more`] : [])].join(', ');
  };
  const through = missed.length === 0 ? [] : [`Packets of blocked sources get through: ${named(missed)}`];
  const lost = cut.length === 0 ? [] : [`Packets of sources that are let in are dropped: ${named(cut)}`];
  const message = [...through, ...lost].join('. ');
  return ownFinding(hostname, { check: 'firewall_canary', severity: 'critical', message, at });
}

const IMAGE_CHECKS = {
  fell_back: 'image_fell_back',
  unhealthy: 'image_unhealthy',
  refused: 'image_refused',
} as const;

/**
 * What became of the appliance image: an update that did not hold, a slot that was confirmed and is not well, or one that
 * was given something else than what was judged.
 */
export const imageFinding = (
  hostname: string,
  { what, message }: { readonly what: keyof typeof IMAGE_CHECKS; readonly message: string },
  at: Millis,
): Finding =>
  ownFinding(hostname, {
    check: IMAGE_CHECKS[what],
    severity: 'high',
    message,
    at,
  });

/** The appliance's disk as a start has found it: repaired, or made anew. */
export const diskFinding = (hostname: string, trouble: BootTrouble, at: Millis): Finding =>
  ownFinding(hostname, { ...trouble, at });

/** Who can write the store but not read the device's key shows in the audit log; so does a device that is another one now. */
export const auditFinding = (hostname: string, { code, message }: AuditTrouble, at: Millis): Finding =>
  ownFinding(hostname, { check: AUDIT_CHECKS[code], severity: 'critical', message, at });

const AUDIT_CHECKS: Readonly<Record<AuditTrouble['code'], string>> = {
  damaged: 'audit_damage',
  forged: 'audit_damage',
  other_device: 'device_replaced',
};

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
/** A bulk list whose news are not in force. */
export function listFinding(
  hostname: string,
  { list, what, why }: { readonly list: string; readonly what: 'held' | 'refused' | 'stale'; readonly why: string },
  at: Millis,
): Finding {
  const how = {
    held: 'has news that wait for a word, since they differ too much from what is in force',
    refused: 'has no news: what its source holds is not taken',
    stale: 'has no news: its source cannot be read',
  }[what];
  return ownFinding(hostname, {
    check: 'list_trouble',
    severity: what === 'stale' ? 'warning' : 'high',
    message: `The list ${list} ${how}: ${why}`,
    at,
  });
}

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
