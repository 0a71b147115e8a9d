import { Type } from 'typebox';
import type { Component } from '../../base/component.ts';
import { days, type Millis, rfc3339 } from '../../base/time.ts';
import { endpoint } from '../deps.ts';
import { ago, isAttached, isWatcher } from './wire.ts';

/** CSM's words, worst first: so the list is sorted. */
const STATUSES = ['degraded', 'deaf', 'idle', 'ok', 'unknown'] as const;
type Status = (typeof STATUSES)[number];

/** A source without an event for this long is idle. */
const QUIET: Millis = days(7);

/** CSM's fields, then our own. */
const ComponentRow = Type.Object({
  name: Type.String(),
  label: Type.String(),
  status: Type.Enum([...STATUSES]),
  attached: Type.Boolean(),
  changed_at_iso: Type.String({ description: 'RFC 3339' }),
  changed_ago: Type.String(),
  last_event_iso: Type.Optional(Type.String({ description: 'RFC 3339; of the last line or record brought in' })),
  last_event_ago: Type.Optional(Type.String()),
  state: Type.String({ description: 'starting | ok | waiting | degraded | failed | off' }),
  message: Type.Optional(Type.String({ description: 'What is wrong and what to do about it' })),
  detail: Type.Optional(
    Type.String({ description: 'What is good to know while nothing is wrong: who may write to a source' }),
  ),
  provenance: Type.Optional(
    Type.String({
      description: 'Of a source, at best: journal | file | authenticated | spoofable; see docs/sources.md',
    }),
  ),
  seen: Type.Optional(
    Type.Object(
      { count: Type.Integer(), unit: Type.Enum(['lines', 'entries', 'bytes']) },
      { description: 'Of a source: what it has brought in since start' },
    ),
  ),
  counters: Type.Record(Type.String(), Type.Number()),
});

export const components = endpoint({
  name: 'components',
  method: 'GET',
  path: '/api/v1/components',
  scope: 'read',
  summary: 'Every part and source: whether it is attached, when it last brought something in, worst first',
  response: Type.Array(ComponentRow),
  errors: [],
  handler: async ({ deps }) => {
    const { components: all, now } = await deps.appliance.facts();
    return { ok: true, value: all.map((component) => rowOf(component, now)).sort(worstFirst) };
  },
});

function rowOf(component: Component, now: Millis) {
  const { name, state, message, detail, provenance, since, lastEventAt, counters } = component;
  const seen = isWatcher(component) ? seenOf(component) : undefined;
  return {
    name,
    label: labelOf(name),
    status: statusOf(component, now),
    attached: isAttached(component),
    changed_at_iso: rfc3339(since),
    changed_ago: ago(since, now),
    ...(lastEventAt === undefined
      ? {}
      : { last_event_iso: rfc3339(lastEventAt), last_event_ago: ago(lastEventAt, now) }),
    state,
    ...(message === undefined ? {} : { message }),
    ...(detail === undefined ? {} : { detail }),
    ...(provenance === undefined ? {} : { provenance }),
    ...(seen === undefined ? {} : { seen }),
    counters: { ...counters },
  };
}

/** In the unit that the source counts; files are read by the byte. */
function seenOf({ counters }: Component) {
  const unit = (['lines', 'entries', 'bytes'] as const).find((name) => counters[name] !== undefined);
  return unit === undefined ? undefined : { count: counters[unit] ?? 0, unit };
}

/** What is off on purpose is idle, not degraded; what is only just starting is unknown. */
function statusOf(component: Component, now: Millis): Status {
  switch (component.state) {
    case 'waiting':
    case 'failed':
    case 'degraded':
      return 'degraded';
    case 'starting':
      return 'unknown';
    case 'off':
      return 'idle';
    case 'ok':
      return isWatcher(component) && (component.lastEventAt ?? component.since) <= now - QUIET ? 'idle' : 'ok';
  }
}

const LABELS: Readonly<Record<string, string>> = {
  http: 'HTTPS API',
  pipeline: 'Detection',
  firewall: 'Firewall',
  canary: 'Canaries',
  store: 'Store',
  blobs: 'Uploaded files',
  events: 'Keeping of events',
  segments: 'Kept events',
  certificate: 'Certificate',
  'control-socket': 'Control socket',
  file: 'Log file',
  journal: 'Journal',
  syslog: 'Syslog',
};

/** `file:/var/log/auth.log` → `Log file /var/log/auth.log` */
function labelOf(name: string): string {
  const colon = name.indexOf(':');
  const kind = colon < 0 ? name : name.slice(0, colon);
  const label = LABELS[kind] ?? kind;
  return colon < 0 ? label : `${label} ${name.slice(colon + 1)}`;
}

const worstFirst = (a: { status: Status; label: string }, b: { status: Status; label: string }): number =>
  STATUSES.indexOf(a.status) - STATUSES.indexOf(b.status) || (a.label < b.label ? -1 : 1);
