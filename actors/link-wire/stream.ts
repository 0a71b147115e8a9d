import { fail, ok, type Result } from '../../core/base/result.ts';
import type { Severity } from '../../core/detect/finding.ts';
import { BATCH_ITEMS } from '../../core/link/outbox.ts';
import { isCountable } from '../../core/link/positions.ts';
import {
  GAP_REASONS,
  type Gap,
  type StreamBatch,
  type StreamItem,
  type WireAuditRecord,
  type WireEvent,
  type WireFinding,
  type WireIncident,
} from '../../core/link/stream.ts';
import type { bartizan } from '../../proto/index.ts';
import { v1 } from '../../proto/index.ts';
import {
  bytes,
  chosen,
  count,
  each,
  enumerated,
  filledText,
  hex,
  idBytes,
  inner,
  Malformed,
  moment,
  text,
  word,
} from './checks.ts';
import { decoder, type Unreadable } from './codec.ts';
import { LIMITS } from './limits.ts';
import { itemMessage, STREAM_BOUNDS } from './stream-said.ts';
import { SEVERITY } from './words.ts';

/** Items of a message at most. */
export const MOST_ITEMS = BATCH_ITEMS;

const LONGEST_EPOCH = 64;
const KINDS = ['finding', 'incident', 'audit', 'event', 'gap'] as const;
const SUBJECTS = ['ip', 'user', 'host'] as const;
const RESPONSES = ['', 'blocked', 'waiting', 'dry_run', 'failed'] as const;
const { word: short, line, details, position } = STREAM_BOUNDS;

export const decodeStreamBatch: (bytes: Uint8Array) => Result<StreamBatch, Unreadable> = decoder(
  'StreamBatch',
  v1.StreamBatch,
  (message): StreamBatch => {
    const batch = {
      epoch: filledText(message.epoch, 'epoch', LONGEST_EPOCH),
      first: count(message.first, 'first', { least: 1 }),
      items: each(message.items, 'items', MOST_ITEMS, readItem, 1),
      replayed: message.replayed,
    };
    if (!isCountable(batch)) throw new Malformed('items', 'have numbers that are too large');
    return batch;
  },
);

function readItem(message: bartizan.v1.StreamItem.$Properties): StreamItem {
  const kind = chosen(message, KINDS, 'item');
  switch (kind) {
    case 'finding':
      return { kind, finding: inner(message.finding, kind, finding) };
    case 'incident':
      return { kind, incident: inner(message.incident, kind, incident) };
    case 'audit':
      return { kind, audit: inner(message.audit, kind, audit) };
    case 'event':
      return { kind, event: inner(message.event, kind, event) };
    case 'gap':
      return { kind, gap: inner(message.gap, kind, gap) };
  }
}

interface Judged {
  readonly severity?: number | null | undefined;
  readonly subjectKind?: string | null | undefined;
  readonly subject?: string | null | undefined;
}

const judged = (message: Judged): { readonly severity: Severity; readonly subject: WireFinding['subject'] } => ({
  severity: enumerated(message.severity, 'severity', SEVERITY.words),
  subject: {
    kind: word(message.subjectKind, 'subject_kind', SUBJECTS),
    value: text(message.subject, 'subject', line),
  },
});

const finding = (message: bartizan.v1.Finding.$Properties): WireFinding => ({
  id: idBytes(message.id, 'id'),
  at: moment(message.at, 'at'),
  check: text(message.check, 'check', short),
  ...judged(message),
  message: text(message.message, 'message', line),
  details: text(message.details, 'details', details),
  firstAt: moment(message.firstAt, 'first_at'),
  count: count(message.count, 'count'),
  provenance: text(message.provenance, 'provenance', short),
  firstPosition: text(message.firstPosition, 'first_position', position),
  lastPosition: text(message.lastPosition, 'last_position', position),
});

const incident = (message: bartizan.v1.Incident.$Properties): WireIncident => ({
  key: filledText(message.key, 'key', line),
  check: text(message.check, 'check', short),
  ...judged(message),
  firstAt: moment(message.firstAt, 'first_at'),
  lastAt: moment(message.lastAt, 'last_at'),
  count: count(message.count, 'count'),
  dismissed: message.dismissed === true,
  response: word(message.response ?? '', 'response', RESPONSES),
});

const audit = (message: bartizan.v1.AuditRecord.$Properties): WireAuditRecord => ({
  serial: count(message.serial, 'serial', { least: 1 }),
  record: bytes(message.record, 'record', LIMITS.StreamBatch, 1),
  hash: hex(message.hash, 'hash', 32),
});

const event = (message: bartizan.v1.Event.$Properties): WireEvent => ({
  at: moment(message.at, 'at'),
  source: text(message.source, 'source', position),
  program: text(message.program, 'program', short),
  action: text(message.action, 'action', short),
  message: text(message.message, 'message', line),
  fields: Object.fromEntries(
    each(Object.entries(message.fields ?? {}), 'fields', STREAM_BOUNDS.fields, ([name, value]) => [
      text(name, 'name', short),
      text(value, 'value', line),
    ]),
  ),
  provenance: text(message.provenance, 'provenance', short),
});

const gap = (message: bartizan.v1.Gap.$Properties): Gap => ({
  count: count(message.count, 'count', { least: 1 }),
  reason: word(message.reason, 'reason', GAP_REASONS),
  oldestAt: moment(message.oldestAt, 'oldest_at'),
  newestAt: moment(message.newestAt, 'newest_at'),
});

/**
 * A stretch of a stream as a message. Texts beyond the bounds are cut, so that nothing a log line says keeps the receiver from
 * reading what follows it. It is not read again here: streams are most of what an appliance sends.
 * @returns too_long: too much for one message; of a single item, that it has to be given up as a gap
 */
export function encodeStreamBatch(batch: StreamBatch): Result<Uint8Array, Unreadable> {
  const { epoch, first, items, replayed } = batch;
  const isNamed = epoch !== '' && epoch.length <= LONGEST_EPOCH && first >= 1 && isCountable(batch);
  if (!isNamed || items.length === 0 || items.length > MOST_ITEMS) {
    return fail('malformed', `StreamBatch: ${items.length} items from number ${first} of "${epoch}" make no batch`);
  }
  const bytes = v1.StreamBatch.encode({ epoch, first, items: items.map(itemMessage), replayed }).finish();
  return bytes.length <= LIMITS.StreamBatch
    ? ok(bytes)
    : fail('too_long', `StreamBatch has ${bytes.length} bytes, at most ${LIMITS.StreamBatch} are allowed`);
}

/** How many bytes an item takes in a message. */
export const sizeOfItem = (item: StreamItem): number =>
  v1.StreamBatch.encode({ items: [itemMessage(item)] }).finish().length;
