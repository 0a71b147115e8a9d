import { contentId, type FindingId } from '../base/ids.ts';
import type { Finding } from './finding.ts';

/**
 * The id of a finding: its event time, then a hash of the check, the subject and where its first and last line stand.
 * Re-feeding the same lines makes the same id, so a finding cannot be stored twice.
 */
export const findingIdOf = (finding: Pick<Finding, 'at' | 'check' | 'subject' | 'first' | 'last'>): FindingId =>
  contentId(finding.at, [
    finding.check,
    finding.subject.kind,
    finding.subject.value,
    finding.first.source,
    String(finding.first.offset),
    finding.last.source,
    String(finding.last.offset),
  ]) as FindingId;
