import type { ChainedAuditRecord } from '../../core/api/audit.ts';
import { canonicalJson } from '../../core/api/audit-chain.ts';
import { millis } from '../../core/base/time.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { Position } from '../../core/event/event.ts';
import type { FindingGroup } from '../../core/incident/finding-group.ts';
import { auditKeys } from '../../core/keys/audit-keys.ts';
import { findings } from '../../core/keys/records.ts';
import { type Hex, isHex } from '../../core/link/hex.ts';
import type { WireFinding, WireIncident } from '../../core/link/stream.ts';
import type { StorePort } from '../store/index.ts';
import type { SourceItem, StreamSource } from './feed.ts';

const positionText = ({ source, offset }: Position): string => `${source}:${offset}`;

export const wireFinding = (finding: Finding): WireFinding => ({
  id: finding.id,
  at: finding.at,
  check: finding.check,
  severity: finding.severity,
  subject: finding.subject,
  message: finding.message,
  details: finding.details ?? '',
  firstAt: finding.firstAt,
  count: finding.count,
  provenance: finding.provenance,
  firstPosition: positionText(finding.first),
  lastPosition: positionText(finding.last),
});

/** How a group of findings stands, with what is done about it. */
export const wireIncident = (
  { latest, firstSeen, lastSeen, findings: count }: FindingGroup,
  { isDismissed, response }: { readonly isDismissed: boolean; readonly response: WireIncident['response'] },
): WireIncident => ({
  key: [latest.check, latest.subject.kind, latest.subject.value].join(' '),
  check: latest.check,
  severity: latest.severity,
  subject: latest.subject,
  firstAt: firstSeen,
  lastAt: lastSeen,
  count,
  dismissed: isDismissed,
  response,
});

export interface FindingSourceParts {
  readonly store: Pick<StorePort, 'entries'>;
  /** Serial of the newest that is kept. */
  readonly newest: () => number;
  readonly renumbered: () => number | undefined;
}

/** The findings on record, suppressed ones, too. */
export const findingSource = ({ store, newest, renumbered }: FindingSourceParts): StreamSource => ({
  stream: 'finding',
  newest,
  renumbered,
  after: async (serial, limit) => {
    const rows: SourceItem[] = [];
    const { lt } = findings.key.under([]);
    for await (const [key, finding] of store.entries<Finding>({ gt: findings.key.encode([serial]), lt, limit })) {
      const [number = 0] = findings.key.decode(key) ?? [];
      rows.push({ serial: number, at: finding.at, item: { kind: 'finding', finding: wireFinding(finding) } });
    }
    return rows;
  },
});

export interface AuditSourceParts {
  readonly store: Pick<StorePort, 'entries'>;
  /** Serial of the newest that is on the disk. */
  readonly newest: () => number;
}

/** The audit log as it is chained. */
export const auditSource = ({ store, newest }: AuditSourceParts): StreamSource => ({
  stream: 'audit',
  newest,
  renumbered: () => undefined,
  after: async (serial, limit) => {
    const rows: SourceItem[] = [];
    const range = { gt: auditKeys.record(serial), lt: auditKeys.records.lt, limit };
    for await (const [, stored] of store.entries<Partial<ChainedAuditRecord>>(range)) {
      const { serial: number, hash = '', at } = stored;
      if (number === undefined || !isHex(hash, 32)) continue;
      const record = new TextEncoder().encode(canonicalJson(stored));
      rows.push({
        serial: number,
        at: millis(at ?? 0),
        item: { kind: 'audit', audit: { serial: number, record, hash: hash as Hex } },
      });
    }
    return rows;
  },
});
