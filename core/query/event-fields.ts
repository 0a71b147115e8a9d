import type { Event } from '../event/event.ts';
import { isUnparsed, type KeptLine } from '../event/kept.ts';
import type { Catalogue, Field } from './catalogue.ts';

type EventField = Field<KeptLine>;
type Reader = (event: Event) => string | number | undefined;

/** Of events only: lines that gave none have no such field. */
const ofEvent =
  (read: Reader): EventField['of'] =>
  (line) =>
    isUnparsed(line) ? undefined : read(line);

const BEFORE = 'fields.';
const ECS_BEFORE = 'labels.';

/** Declared parsers name fields of their own: `fields.NAME`, in ECS `labels.NAME`. */
function declaredField(name: string): EventField | undefined {
  const prefix = [BEFORE, ECS_BEFORE].find((start) => name.startsWith(start));
  const own = prefix === undefined ? '' : name.slice(prefix.length);
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(own)) return undefined;
  return {
    name: BEFORE + own,
    kind: 'text',
    about: 'what the group of that name of a declared parser matched',
    of: ofEvent(({ fields }) => (fields !== undefined && Object.hasOwn(fields, own) ? fields[own] : undefined)),
  };
}

const text = (name: string, ecs: string | undefined, about: string, of: EventField['of']): EventField => ({
  name,
  ...(ecs === undefined ? {} : { ecs }),
  kind: 'text',
  about,
  of,
});

const indexed = (name: string, ecs: string, about: string, of: EventField['of']): EventField => ({
  ...text(name, ecs, about, of),
  isIndexed: true,
});

const address = (name: string, ecs: string, about: string, of: EventField['of']): EventField => ({
  name,
  ecs,
  kind: 'ip',
  about,
  isIndexed: true,
  of,
});

const count = (name: string, ecs: string | undefined, about: string, of: EventField['of']): EventField => ({
  name,
  ...(ecs === undefined ? {} : { ecs }),
  kind: 'number',
  about,
  of,
});

/** The fields of what is kept of every line. */
export const EVENT_FIELDS: Catalogue<KeptLine> = {
  what: 'events',
  fields: [
    { name: 'at', ecs: '@timestamp', kind: 'time', about: 'when it happened', of: ({ at }) => at },
    {
      ...text(
        'message',
        'message',
        'the message behind the log header; of an unparsed line all of it',
        (l) => l.message,
      ),
      isFreeText: true,
    },
    indexed('host', 'host.name', 'host that the line names', ({ host }) => host),
    indexed('program', 'process.name', 'program that logged', ({ program }) => program),
    count('pid', 'process.pid', 'its process id', ({ pid }) => pid),
    text(
      'category',
      'event.category',
      'authentication, session, network, …',
      ofEvent((e) => e.category),
    ),
    indexed(
      'action',
      'event.action',
      'what happened, e.g. ssh_failed_password',
      ofEvent((e) => e.action),
    ),
    text(
      'outcome',
      'event.outcome',
      'success, failure or unknown',
      ofEvent((e) => e.outcome),
    ),
    indexed(
      'user',
      'user.name',
      'user',
      ofEvent((e) => e.user),
    ),
    text(
      'user_unknown',
      undefined,
      'yes where the host does not know the user',
      ofEvent((e) => e.userUnknown && 'yes'),
    ),
    indexed(
      'target_user',
      'user.target.name',
      'whom the user acts as',
      ofEvent((e) => e.targetUser),
    ),
    address(
      'ip',
      'source.ip',
      'source address',
      ofEvent((e) => e.sourceIp),
    ),
    count(
      'port',
      'source.port',
      'source port',
      ofEvent((e) => e.sourcePort),
    ),
    address(
      'to_ip',
      'destination.ip',
      'destination address',
      ofEvent((e) => e.destinationIp),
    ),
    count(
      'to_port',
      'destination.port',
      'destination port',
      ofEvent((e) => e.destinationPort),
    ),
    text(
      'transport',
      'network.transport',
      'tcp, udp, icmp, …',
      ofEvent((e) => e.transport),
    ),
    text(
      'service',
      'network.protocol',
      'imap, smtp, http, …',
      ofEvent((e) => e.service),
    ),
    text(
      'method',
      undefined,
      'authentication method',
      ofEvent((e) => e.method),
    ),
    count(
      'repeats',
      undefined,
      'like events that the line stands for',
      ofEvent((e) => e.repeats),
    ),
    text(
      'http_method',
      'http.request.method',
      'method of the web request',
      ofEvent((e) => e.http?.method),
    ),
    indexed(
      'path',
      'url.path',
      'request target up to the first ?',
      ofEvent((e) => e.http?.path),
    ),
    text(
      'query',
      'url.query',
      'what follows the ?',
      ofEvent((e) => e.http?.query),
    ),
    count(
      'status',
      'http.response.status_code',
      'HTTP status',
      ofEvent((e) => e.http?.status),
    ),
    count(
      'bytes',
      'http.response.body.bytes',
      'bytes of the answer',
      ofEvent((e) => e.http?.bytes),
    ),
    text(
      'referrer',
      'http.request.referrer',
      'Referer header',
      ofEvent((e) => e.http?.referrer),
    ),
    text(
      'agent',
      'user_agent.original',
      'User-Agent header',
      ofEvent((e) => e.http?.userAgent),
    ),
    indexed(
      'vhost',
      'url.domain',
      'virtual host',
      ofEvent((e) => e.http?.host),
    ),
    text('provenance', undefined, 'how far the line can be trusted', ({ provenance }) => provenance),
    text('unparsed', 'event.reason', 'why the line gave no event', (line) =>
      isUnparsed(line) ? line.unparsed : undefined,
    ),
    text('source', undefined, 'fingerprint of the file, or id of the journal', ({ position }) => position.source),
    count('offset', 'log.offset', 'byte offset in the source', ({ position }) => position.offset),
  ],
  open: declaredField,
};
