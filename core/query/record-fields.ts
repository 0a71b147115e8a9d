import { type Finding, SEVERITIES } from '../detect/finding.ts';
import type { Decision } from '../respond/decision.ts';
import type { Catalogue } from './catalogue.ts';

export const FINDING_FIELDS: Catalogue<Finding> = {
  what: 'findings',
  fields: [
    {
      name: 'at',
      ecs: '@timestamp',
      kind: 'time',
      about: 'when the last line that counted was written',
      of: (f) => f.at,
    },
    { name: 'message', ecs: 'message', kind: 'text', about: 'what was found', isFreeText: true, of: (f) => f.message },
    { name: 'details', kind: 'text', about: 'more about it', isFreeText: true, of: (f) => f.details },
    { name: 'id', ecs: 'event.id', kind: 'text', about: 'id', of: (f) => f.id },
    { name: 'check', ecs: 'rule.name', kind: 'text', about: 'check that found it', of: (f) => f.check },
    { name: 'severity', kind: 'text', about: SEVERITIES.join(', '), of: (f) => f.severity },
    {
      name: 'severity_level',
      ecs: 'event.severity',
      kind: 'number',
      about: `the same as a number: ${SEVERITIES.map((name, level) => `${level} ${name}`).join(', ')}`,
      of: (f) => SEVERITIES.indexOf(f.severity),
    },
    {
      name: 'subject',
      kind: 'text',
      about: 'address, user or host it is about',
      isFreeText: true,
      of: (f) => f.subject.value,
    },
    { name: 'subject_kind', kind: 'text', about: 'ip, user or host', of: (f) => f.subject.kind },
    {
      name: 'ip',
      ecs: 'source.ip',
      kind: 'ip',
      about: 'the subject where it is an address',
      of: (f) => subjectOf(f, 'ip'),
    },
    {
      name: 'user',
      ecs: 'user.name',
      kind: 'text',
      about: 'the subject where it is a user',
      of: (f) => subjectOf(f, 'user'),
    },
    { name: 'first_at', ecs: 'event.start', kind: 'time', about: 'the first line that counted', of: (f) => f.firstAt },
    { name: 'count', kind: 'number', about: 'lines that counted', of: (f) => f.count },
    {
      name: 'provenance',
      kind: 'text',
      about: 'how far its least trusted line can be trusted',
      of: (f) => f.provenance,
    },
  ],
};

const subjectOf = ({ subject }: Finding, kind: Finding['subject']['kind']): string | undefined =>
  subject.kind === kind ? subject.value : undefined;

export const DECISION_FIELDS: Catalogue<Decision> = {
  what: 'decisions',
  fields: [
    { name: 'at', ecs: '@timestamp', kind: 'time', about: 'when it was made', of: (d) => d.at },
    { name: 'reason', ecs: 'event.reason', kind: 'text', about: 'why', isFreeText: true, of: (d) => d.reason },
    { name: 'note', kind: 'text', about: 'why it was refused or lifted', isFreeText: true, of: (d) => d.note },
    { name: 'id', ecs: 'event.id', kind: 'text', about: 'id', of: (d) => d.id },
    { name: 'kind', kind: 'text', about: 'what is done, e.g. block', of: (d) => d.kind },
    { name: 'ip', ecs: 'source.ip', kind: 'ip', about: 'address', of: (d) => d.ip },
    { name: 'origin', kind: 'text', about: 'what made it', of: (d) => d.origin },
    {
      name: 'actor',
      ecs: 'user.name',
      kind: 'text',
      about: 'who made it by hand',
      isFreeText: true,
      of: (d) => d.actor,
    },
    { name: 'state', kind: 'text', about: 'active, dry_run, refused, lifted or expired', of: (d) => d.state },
    {
      name: 'expires_at',
      kind: 'time',
      about: 'when it ends; absent of a permanent one',
      of: (d) => (d.expiresAt === 'never' ? undefined : d.expiresAt),
    },
    { name: 'ended_at', ecs: 'event.end', kind: 'time', about: 'when it ended', of: (d) => d.endedAt },
  ],
};
