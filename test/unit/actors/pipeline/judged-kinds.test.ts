import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS } from '../../../../actors/segments/index.ts';
import type { Ip } from '../../../../core/base/ip.ts';
import { CHECK_NAMES, CHECKS, type CheckSettings, createDetectors } from '../../../../core/detect/checks.ts';
import { Pipeline } from '../../../../core/detect/pipeline.ts';
import { eventAt } from '../../../support/events.ts';

const ALL = Object.fromEntries(CHECK_NAMES.map((name) => [name, { ...CHECKS[name].defaults, enabled: true }]));
const FACTS = { userUnknown: true, sourceIp: '192.0.2.1' as Ip, host: 'h', targetUser: 'root' } as const;
const READ = KINDS.slice(1);

test('of what no detector wants a pipeline makes nothing, so that no event need be made for it', () => {
  const pipeline = new Pipeline(new Map(), createDetectors(ALL as CheckSettings));
  for (const kind of READ.filter(({ category, action }) => !pipeline.wants(category, action))) {
    for (let i = 0; i < 200; i++) {
      assert.deepEqual(pipeline.judge(eventAt(i, i, { ...kind, ...FACTS, user: `u${i}` })), [], kind.action);
    }
  }
  assert.deepEqual(pipeline.snapshot(), []);
});

test('a pipeline wants what any of its detectors does', () => {
  const pipeline = new Pipeline(new Map(), createDetectors(ALL as CheckSettings));
  const wanted = READ.filter(({ category, action }) => pipeline.wants(category, action)).map(({ action }) => action);
  for (const action of ['ssh_failed_password', 'ssh_invalid_user', 'ssh_accepted_publickey', 'ssh_auth_abandoned']) {
    assert.ok(wanted.includes(action), action);
  }
  for (const action of ['logind_session_new', 'sudo_command', 'pam_session_opened', 'ssh_connection_closed']) {
    assert.ok(!wanted.includes(action), action);
  }
});
