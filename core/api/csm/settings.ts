import { Type } from 'typebox';
import { redacted, settingValue } from '../../config/change.ts';
import { SETTINGS_SECTIONS, type SettingsSection, sectionOf } from '../../config/sections.ts';
import { GROUPS } from '../../config/setting.ts';
import type { Config } from '../../config/settings.ts';
import { submitted } from '../../config/submitted.ts';
import { type ApiDeps, endpoint } from '../deps.ts';
import { type Refusal, type RequestContext, refuse } from '../endpoint.ts';
import { seenIn } from '../if-match.ts';
import type { SettingsOrder } from '../settings.ts';
import {
  Changes,
  ForceReason,
  SETTINGS_BYTES,
  SectionName,
  SectionRow,
  SettingsReply,
  sectionNames,
  sectionRow,
  settingsRefusal,
  settingsReply,
  wordOf,
} from './settings-wire.ts';

const PATH = '/api/v1/settings/{section}';
const Section = Type.Object({ section: Type.String({ maxLength: 64 }) });

export const SettingsList = Type.Object({ groups: Type.Array(Type.String()), sections: Type.Array(SectionRow) });

export const SectionState = Type.Object({
  section: SectionRow,
  values: Type.Record(Type.String(), Type.Unknown()),
  etag: Type.String({ description: 'Of the whole file, for If-Match; the ETag header is the same' }),
  edited_on_disk: Type.Boolean({ description: 'Another hand edited the file; see POST /api/v1/settings/reload' }),
  pending_restart: Type.Boolean(),
  pending_fields: Type.Array(Type.String()),
  pending_sections: Type.Array(SectionName),
});

export const settings = endpoint({
  name: 'settings',
  method: 'GET',
  path: '/api/v1/settings',
  scope: 'admin',
  summary: 'Sections of the configuration that can be changed, and their fields',
  response: SettingsList,
  errors: [],
  handler: async () => ({ ok: true, value: { groups: [...GROUPS], sections: SETTINGS_SECTIONS.map(sectionRow) } }),
});

export const settingsSection = endpoint({
  name: 'settingsSection',
  method: 'GET',
  path: PATH,
  scope: 'admin',
  summary: 'A section of the configuration: its fields and their values, secrets left out',
  query: Section,
  example: { query: { section: 'firewall' } },
  response: SectionState,
  errors: ['not_found', 'internal'],
  handler: async ({ deps, query }) => {
    const section = sectionOf(query.section);
    if (section === undefined) return unknownSection(query.section);
    const state = await deps.settings.state();
    if (!state.ok) return refuse('internal', state.public, state.cause);
    const { config, etag, edited, waiting } = state.value;
    return {
      ok: true,
      headers: { etag },
      value: {
        section: sectionRow(section),
        values: valuesIn(section, redacted(config)),
        etag,
        edited_on_disk: edited,
        pending_restart: waiting.length > 0,
        pending_fields: [...waiting],
        pending_sections: sectionNames(waiting),
      },
    };
  },
});

/** A section that is one setting has it under its own name. */
const valuesIn = ({ id, fields }: SettingsSection, config: Config): Record<string, unknown> =>
  Object.fromEntries(fields.map(({ key, placed }) => [key === '' ? id : key, settingValue(config, placed)]));

const unknownSection = (id: string): Refusal =>
  refuse(
    'not_found',
    `there is no section "${id.slice(0, 64)}"; there are ${SETTINGS_SECTIONS.map((one) => one.id).join(', ')}`,
  );

export const changeSettings = endpoint({
  name: 'changeSettings',
  method: 'POST',
  path: PATH,
  scope: 'admin',
  summary: 'Change fields of a section in the file; what can shut an administrator out goes on trial',
  query: Section,
  body: Type.Object({ changes: Changes, force_reason: ForceReason }),
  bodyBytes: SETTINGS_BYTES,
  conditional: true,
  example: { query: { section: 'auto_response' }, body: { changes: { block_expiry: '12h' } } },
  response: SettingsReply,
  errors: ['bad_request', 'not_found', 'conflict', 'precondition_failed', 'invalid', 'internal'],
  audit: { action: 'change_settings', target: 'section', details: ['applied', 'force_reason'] },
  handler: async ({ deps, query, body, context }) => {
    const section = sectionOf(query.section);
    if (section === undefined) return unknownSection(query.section);
    const order = await orderOf(deps, section, body, context);
    if (!order.ok) return order;
    const done = await deps.settings.write(order.value);
    return done.ok ? { ok: true, value: settingsReply(done.value, deps.changes.pending()) } : settingsRefusal(done);
  },
});

/** What a body and its If-Match ask for, or why that cannot be. */
export async function orderOf(
  { settings }: ApiDeps,
  section: SettingsSection,
  body: { readonly changes: Readonly<Record<string, unknown>>; readonly force_reason?: string },
  context: RequestContext,
): Promise<{ readonly ok: true; readonly value: SettingsOrder } | Refusal> {
  const seen = seenIn(context.ifMatch);
  if (seen === undefined) return refuse('bad_request', 'If-Match is missing: the etag that was read, or *');
  const state = await settings.state();
  if (!state.ok) return refuse('internal', state.public, state.cause);
  const { changes, problems } = submitted(section, body.changes, state.value.config);
  if (problems.length > 0) return { ...refuse('invalid', 'fields are wrong'), fields: problems };
  const { force_reason: reason } = body;
  const forced = reason === undefined ? {} : { forcedBecause: reason };
  return { ok: true, value: { changes, seen, word: wordOf(context), ...forced } };
}
