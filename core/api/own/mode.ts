import { Type } from 'typebox';
import { MODES } from '../../respond/mode.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';

const Mode = Type.Enum([...MODES]);

export const mode = endpoint({
  name: 'mode',
  method: 'GET',
  path: '/api/v1/mode',
  scope: 'read',
  summary: 'How far the appliance may go: observe, dry_run or enforce',
  response: Type.Object({ mode: Mode, mode_reason: Type.String() }),
  errors: [],
  handler: async ({ deps }) => {
    const { mode, modeReason } = await deps.appliance.facts();
    return { ok: true, value: { mode, mode_reason: modeReason ?? '' } };
  },
});

export const setMode = endpoint({
  name: 'setMode',
  method: 'POST',
  path: '/api/v1/mode',
  scope: 'admin',
  summary: 'Set the mode, in the configuration file too',
  body: Type.Object({ mode: Mode }),
  example: { body: { mode: 'enforce' as const } },
  response: Type.Object({ mode: Mode, warning: Type.Optional(Type.String()) }),
  errors: ['conflict', 'internal'],
  audit: { action: 'set_mode', target: 'mode' },
  handler: async ({ deps, body }) => {
    const set = await deps.appliance.setMode(body.mode);
    if (set.ok) return { ok: true, value: set.value };
    return refuse(set.code === 'to_be_tried' ? 'conflict' : 'internal', set.public, set.cause);
  },
});
