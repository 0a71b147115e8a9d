import type { StreamItem, WireEvent, WireFinding, WireIncident } from '../../core/link/stream.ts';
import type { bartizan } from '../../proto/index.ts';
import { saidCount, saidHex, saidMoment, saidText, uuidBytes } from './said.ts';
import { SEVERITY } from './words.ts';

/** How much of each is sent, in characters and fields. */
export const STREAM_BOUNDS = {
  word: 128,
  line: 4096,
  details: 16_384,
  position: 1024,
  fields: 64,
} as const;
const { word, line, details, position, fields } = STREAM_BOUNDS;

export function itemMessage(item: StreamItem): bartizan.v1.StreamItem.$Properties {
  switch (item.kind) {
    case 'finding':
      return { finding: findingMessage(item.finding) };
    case 'incident':
      return { incident: incidentMessage(item.incident) };
    case 'audit':
      return { audit: { serial: item.audit.serial, record: item.audit.record, hash: saidHex(item.audit.hash) } };
    case 'event':
      return { event: eventMessage(item.event) };
    case 'gap':
      return {
        gap: { ...item.gap, oldestAt: saidMoment(item.gap.oldestAt), newestAt: saidMoment(item.gap.newestAt) },
      };
  }
}

const findingMessage = (finding: WireFinding): bartizan.v1.Finding.$Properties => ({
  id: uuidBytes(finding.id),
  at: saidMoment(finding.at),
  check: saidText(finding.check, word),
  severity: SEVERITY.numbers[finding.severity],
  subjectKind: finding.subject.kind,
  subject: saidText(finding.subject.value, line),
  message: saidText(finding.message, line),
  details: saidText(finding.details, details),
  firstAt: saidMoment(finding.firstAt),
  count: saidCount(finding.count),
  provenance: saidText(finding.provenance, word),
  firstPosition: saidText(finding.firstPosition, position),
  lastPosition: saidText(finding.lastPosition, position),
});

const incidentMessage = (incident: WireIncident): bartizan.v1.Incident.$Properties => ({
  key: saidText(incident.key, line),
  check: saidText(incident.check, word),
  severity: SEVERITY.numbers[incident.severity],
  subjectKind: incident.subject.kind,
  subject: saidText(incident.subject.value, line),
  firstAt: saidMoment(incident.firstAt),
  lastAt: saidMoment(incident.lastAt),
  count: saidCount(incident.count),
  dismissed: incident.dismissed,
  response: incident.response,
});

const eventMessage = (event: WireEvent): bartizan.v1.Event.$Properties => ({
  at: saidMoment(event.at),
  source: saidText(event.source, position),
  program: saidText(event.program, word),
  action: saidText(event.action, word),
  message: saidText(event.message, line),
  fields: Object.fromEntries(
    Object.entries(event.fields)
      .slice(0, fields)
      .map(([name, value]) => [saidText(name, word), saidText(value, line)]),
  ),
  provenance: saidText(event.provenance, word),
});
