import { Type } from 'typebox';
import { goDuration } from '../../base/time.ts';
import type { ApplianceFacts } from '../appliance.ts';
import { endpoint } from '../deps.ts';
import { isAttached, isWatcher, uptime } from './wire.ts';

const Health = Type.Object({
  daemon_mode: Type.Boolean(),
  uptime: Type.String(),
  uptime_seconds: Type.Integer(),
  rules_loaded: Type.Integer(),
  fanotify: Type.Boolean(),
  log_watchers: Type.Integer(),
});

export const health = endpoint({
  name: 'health',
  method: 'GET',
  path: '/api/v1/health',
  scope: 'read',
  summary: 'Health of the daemon',
  response: Health,
  errors: [],
  handler: async ({ deps }) => ({ ok: true, value: healthOf(await deps.appliance.facts()) }),
});

const healthOf = (facts: ApplianceFacts) => ({
  daemon_mode: true,
  uptime: goDuration(uptime(facts)),
  uptime_seconds: Math.floor(uptime(facts) / 1000),
  rules_loaded: facts.checks,
  fanotify: false,
  log_watchers: facts.components.filter((c) => isWatcher(c) && isAttached(c)).length,
});
