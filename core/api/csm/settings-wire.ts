import { type Static, Type } from 'typebox';
import { rfc3339 } from '../../base/time.ts';
import type { Change, Word } from '../../change/change.ts';
import type { ConfirmRequest, Pending } from '../../change/changes.ts';
import { type Field, fieldOf } from '../../config/field.ts';
import { type SettingsSection, sectionOfPath } from '../../config/sections.ts';
import { GROUPS } from '../../config/setting.ts';
import { type Refusal, type RequestContext, refuse } from '../endpoint.ts';
import type { SettingsRefusal, SettingsWritten } from '../settings.ts';
import { originOf } from './operator.ts';

/** A larger body holds no section. */
export const SETTINGS_BYTES = 256 * 1024;

const FieldRow = Type.Object({
  yaml_path: Type.String({ description: 'Relative to the section; empty where the section itself is the setting' }),
  type: Type.String({ description: 'bool, int, float, string, enum, []string, []int, []enum or json' }),
  label: Type.String(),
  help: Type.Optional(Type.String()),
  secret: Type.Optional(Type.Boolean()),
  nullable: Type.Optional(Type.Boolean({ description: 'null takes it out of the file' })),
  min: Type.Optional(Type.Number()),
  max: Type.Optional(Type.Number()),
  options: Type.Optional(Type.Array(Type.String())),
  placeholder: Type.Optional(Type.String()),
  field_group: Type.Optional(Type.String()),
  applies: Type.String({ description: 'live: when it is written; restart: at the next start' }),
  schema: Type.Optional(Type.Unknown({ description: 'JSON Schema of the value, of a json field' })),
});

export const SectionRow = Type.Object({
  id: Type.String(),
  title: Type.String(),
  yaml_path: Type.String(),
  restart_hint: Type.Boolean({ description: 'Some of its fields wait for a restart' }),
  reload_tag: Type.String({ description: 'safe: every field is live; restart: some are not' }),
  group: Type.Enum([...GROUPS]),
  can_cut: Type.Boolean({ description: 'It may shut an administrator out, so it is changed on trial' }),
  fields: Type.Array(FieldRow),
});

export const SectionName = Type.Object({ id: Type.String(), title: Type.String() });

export function sectionRow({ id, title, group, canCut, fields }: SettingsSection): Static<typeof SectionRow> {
  const waits = fields.some(({ placed }) => placed.setting.applies === 'restart');
  return {
    id,
    title,
    yaml_path: id,
    restart_hint: waits,
    reload_tag: waits ? 'restart' : 'safe',
    group,
    can_cut: canCut === true,
    fields: fields.map((field) => fieldRow(fieldOf(field, title))),
  };
}

const fieldRow = ({ key, options, fieldGroup, secret, nullable, ...field }: Field): Static<typeof FieldRow> => ({
  yaml_path: key,
  ...field,
  ...(secret ? { secret } : {}),
  ...(nullable ? { nullable } : {}),
  ...(options === undefined ? {} : { options: [...options] }),
  ...(fieldGroup === undefined ? {} : { field_group: fieldGroup }),
});

/** The sections that hold any of these settings. */
export const sectionNames = (paths: readonly string[]): Static<typeof SectionName>[] =>
  [...new Set(paths.map(sectionOfPath))].flatMap((one) =>
    one === undefined ? [] : [{ id: one.id, title: one.title }],
  );

export const Changes = Type.Record(Type.String(), Type.Unknown(), {
  description: 'Values by their yaml_path; ***REDACTED*** stands for a secret that stays',
});

export const ForceReason = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 512,
    description: 'Skips the trial of a section that can cut; kept in the audit log',
  }),
);

export const Warnings = Type.Array(Type.Object({ field: Type.String(), message: Type.String() }));

export const OnTrial = Type.Object({
  id: Type.String(),
  state: Type.String(),
  expires_at: Type.String({ description: 'RFC 3339; empty when it is on trial no more' }),
  confirmed_by: Type.String({ description: 'word: by a person; probes: by these as well' }),
  restarts: Type.Boolean({ description: 'Bartizan is started anew to try it' }),
});

export const SettingsReply = Type.Object({
  applied: Type.Array(Type.String()),
  requires_restart: Type.Array(Type.String()),
  pending_restart: Type.Boolean(),
  pending_sections: Type.Array(SectionName),
  warnings: Warnings,
  new_etag: Type.String(),
  change: Type.Optional(OnTrial),
});

/** @param pending what is on trial now */
export function settingsReply(done: SettingsWritten, pending: Pending | undefined): Static<typeof SettingsReply> {
  const { applied, waiting, warnings, etag, change } = done;
  const restart = applied.filter((path) => waiting.includes(path));
  return {
    applied: [...applied],
    requires_restart: restart,
    pending_restart: waiting.length > 0,
    pending_sections: sectionNames(waiting),
    warnings: [...warnings],
    new_etag: etag,
    ...(change === undefined ? {} : { change: onTrial(change, pending, restart.length > 0) }),
  };
}

const onTrial = (
  { id, state, confirmedBy, forcedBecause }: Change,
  pending: Pending | undefined,
  waits: boolean,
): Static<typeof OnTrial> => ({
  id,
  state,
  expires_at: pending?.change.id === id ? rfc3339(pending.until) : '',
  confirmed_by: confirmedBy,
  restarts: waits && forcedBecause === undefined,
});

export function settingsRefusal(refusal: SettingsRefusal): Refusal {
  switch (refusal.code) {
    case 'stale':
      return refuse('precondition_failed', refusal.public);
    case 'invalid':
      return { ...refuse('invalid', refusal.public), fields: refusal.problems };
    case 'pending':
      return refuse('conflict', refusal.public);
    case 'failed':
      return refuse('internal', refusal.public, refusal.cause);
  }
}

export const wordOf = ({ principal, peer }: RequestContext): Word => ({
  actor: principal.name,
  origin: originOf(principal),
  peer,
});

const CONTROL_SOCKET = { unknown: 'the control socket does not show that the network works' };

/** What the connection that a word of confirmation came over says of the network. */
export const connectionOf = ({ principal, connection }: RequestContext): ConfirmRequest['connection'] =>
  principal.kind === 'local' ? CONTROL_SOCKET : connection;

/** Tells a client that the same request is taken over a new connection; browsers hide the header `connection` from pages. */
export const OVER_NEW_CONNECTION = { connection: 'close', 'x-retry-over': 'new-connection' };
