import { Type } from 'typebox';
import { ForceReason, SettingsReply, settingsRefusal, settingsReply, wordOf } from '../csm/settings-wire.ts';
import { endpoint } from '../deps.ts';

export const settingsReload = endpoint({
  name: 'settingsReload',
  method: 'POST',
  path: '/api/v1/settings/reload',
  scope: 'admin',
  summary: 'Take over what another hand wrote into the configuration file, as if it had been written through here',
  body: Type.Object({ force_reason: ForceReason }),
  optionalBody: true,
  example: { body: { force_reason: 'on site, with the serial console' } },
  response: SettingsReply,
  errors: ['conflict', 'precondition_failed', 'invalid', 'internal'],
  audit: { action: 'reload_settings', details: ['applied', 'force_reason'] },
  handler: async ({ deps, body, context }) => {
    const { force_reason: reason } = body;
    const forced = reason === undefined ? {} : { forcedBecause: reason };
    const done = await deps.settings.takeOver({ word: wordOf(context), ...forced });
    return done.ok ? { ok: true, value: settingsReply(done.value, deps.changes.pending()) } : settingsRefusal(done);
  },
});
