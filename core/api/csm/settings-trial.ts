import { type Static, Type } from 'typebox';
import { minutes, rfc3339 } from '../../base/time.ts';
import type { EndFailure, Pending } from '../../change/changes.ts';
import { sectionOf } from '../../config/sections.ts';
import { endpoint } from '../deps.ts';
import { type Refusal, refuse } from '../endpoint.ts';
import { settingsOnTrial } from '../settings.ts';
import { orderOf } from './settings.ts';
import {
  Changes,
  connectionOf,
  ForceReason,
  OVER_NEW_CONNECTION,
  SETTINGS_BYTES,
  settingsRefusal,
  Warnings,
  wordOf,
} from './settings-wire.ts';

const PATH = '/api/v1/settings/firewall';

/** Minutes that a trial lasts where nothing is said, at least and at most. */
const MINUTES = { standard: 5, least: 1, most: 30 } as const;

/** Go's zero time: CSM's word for "nothing is pending". */
const NEVER = '0001-01-01T00:00:00Z';

export const Rollback = Type.Object({
  pending: Type.Boolean(),
  applied_at: Type.String({ description: `RFC 3339; ${NEVER} when nothing is pending` }),
  expires_at: Type.String({ description: `RFC 3339; ${NEVER} when nothing is pending` }),
  seconds_remaining: Type.Optional(Type.Integer({ minimum: 0 })),
  applied_by: Type.Optional(Type.String({ description: 'Address of the client' })),
  prev_hash: Type.Optional(Type.String({ description: 'sha256:HEX of the file before' })),
  new_hash: Type.Optional(Type.String({ description: 'sha256:HEX of the file on trial' })),
  change_id: Type.Optional(Type.String()),
});

function rollbackOf(pending: Pending | undefined): Static<typeof Rollback> {
  if (pending === undefined) return { pending: false, applied_at: NEVER, expires_at: NEVER };
  const { change, left, until } = pending;
  return {
    pending: true,
    applied_at: rfc3339(change.appliedAt ?? change.proposedAt),
    expires_at: rfc3339(until),
    seconds_remaining: Math.max(0, Math.floor(left / 1000)),
    applied_by: change.word.peer,
    prev_hash: change.before,
    new_hash: change.after,
    change_id: change.id,
  };
}

export const settingsTryOut = endpoint({
  name: 'settingsTryOut',
  method: 'POST',
  path: `${PATH}/tentative-apply`,
  scope: 'admin',
  summary: 'Change the firewall section on trial, start anew, and take it back unless somebody confirms it in time',
  body: Type.Object({
    changes: Changes,
    timeout_min: Type.Optional(Type.Integer({ description: '1 to 30; 0 and none are 5, beyond is the nearest' })),
    force_reason: ForceReason,
  }),
  bodyBytes: SETTINGS_BYTES,
  conditional: true,
  example: { body: { changes: { max_blocks: 100_000 }, timeout_min: 5 } },
  response: Type.Object({
    status: Type.Literal('tentative-apply issued'),
    warnings: Warnings,
    rollback: Rollback,
    new_etag: Type.String(),
    applied: Type.Array(Type.String()),
    requires_restart: Type.Literal(true),
  }),
  errors: ['bad_request', 'conflict', 'precondition_failed', 'invalid', 'internal'],
  audit: { action: 'settings_tentative_apply', details: ['applied', 'timeout_min', 'force_reason'] },
  handler: async ({ deps, body, context }) => {
    const firewall = sectionOf('firewall');
    if (firewall === undefined) throw new Error('the section "firewall" is not declared');
    const order = await orderOf(deps, firewall, body, context);
    if (!order.ok) return order;
    const { timeout_min: asked = 0 } = body;
    const length = asked === 0 ? MINUTES.standard : Math.min(MINUTES.most, Math.max(MINUTES.least, asked));
    const done = await deps.settings.tryOut({ ...order.value, trial: minutes(length) });
    if (!done.ok) return settingsRefusal(done);
    const { warnings, etag, applied } = done.value;
    return {
      ok: true,
      value: {
        status: 'tentative-apply issued' as const,
        warnings: [...warnings],
        rollback: rollbackOf(settingsOnTrial(deps.changes)),
        new_etag: etag,
        applied: [...applied],
        requires_restart: true as const,
      },
    };
  },
});

export const settingsRollback = endpoint({
  name: 'settingsRollback',
  method: 'GET',
  path: `${PATH}/rollback`,
  scope: 'admin',
  summary: 'Whether a change of settings is on trial, and until when',
  response: Rollback,
  errors: [],
  handler: async ({ deps }) => ({ ok: true, value: rollbackOf(settingsOnTrial(deps.changes)) }),
});

export const settingsConfirm = endpoint({
  name: 'settingsConfirm',
  method: 'POST',
  path: `${PATH}/confirm`,
  scope: 'admin',
  summary: 'Keep the settings that are on trial; to be asked over a connection opened since they were applied',
  response: Type.Object({ status: Type.Literal('confirmed') }),
  errors: ['conflict', 'internal'],
  audit: { action: 'settings_confirm' },
  handler: async ({ deps, context }) => {
    const pending = settingsOnTrial(deps.changes);
    if (pending === undefined) return NOTHING;
    const connection = connectionOf(context);
    const done = await deps.changes.confirm({ id: pending.change.id, word: wordOf(context), connection });
    return done.ok ? { ok: true, value: { status: 'confirmed' as const } } : endRefusal(done);
  },
});

export const settingsRevert = endpoint({
  name: 'settingsRevert',
  method: 'POST',
  path: `${PATH}/revert`,
  scope: 'admin',
  summary: 'Take back the settings that are on trial',
  response: Type.Object({ status: Type.Literal('revert issued') }),
  errors: ['conflict', 'internal'],
  audit: { action: 'settings_revert' },
  handler: async ({ deps, context }) => {
    const pending = settingsOnTrial(deps.changes);
    if (pending === undefined) return NOTHING;
    const done = await deps.changes.revert({ id: pending.change.id, word: wordOf(context) });
    return done.ok ? { ok: true, value: { status: 'revert issued' as const } } : endRefusal(done);
  },
});

const NOTHING = refuse('conflict', 'no change of settings is on trial');

function endRefusal({ code, public: text, cause }: EndFailure): Refusal {
  switch (code) {
    case 'none':
    case 'other':
      return NOTHING;
    case 'old_connection':
      // The next request then comes over a new connection, also of a client that cannot choose.
      return { ...refuse('conflict', text), headers: OVER_NEW_CONNECTION };
    case 'failed':
      return refuse('internal', text, cause);
  }
}
