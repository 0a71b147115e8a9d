import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApplianceParts, RunningAppliance } from '../../../../actors/appliance/index.ts';
import { settled } from '../../../support/settled.ts';
import { loaded } from '../../core/config/surroundings.ts';

test('modes set at once are set one after the other: file, firewall and word agree', async () => {
  const done: string[] = [];
  const slow = Promise.withResolvers<void>();
  const parts = {
    configFile: {
      loaded: loaded('firewall: { tcp_in: [22] }\n'),
      change: async ([change]: readonly [{ readonly value?: unknown }]) => {
        if (done.length === 0) await slow.promise;
        done.push(`file ${String(change.value)}`);
        return { ok: true };
      },
    },
    firewall: {
      state: () => (done.at(-1) === 'off' ? 'off' : 'enforcing'),
      enable: async () => void done.push('on'),
      disable: async () => void done.push('off'),
    },
  };
  const appliance = new RunningAppliance(parts as unknown as ApplianceParts, 'observe');
  const both = Promise.all([appliance.setMode('enforce'), appliance.setMode('observe')]);
  await settled();
  slow.resolve();
  await both;
  assert.equal(appliance.mode, 'observe');
  assert.deepEqual(
    done.map((one) => one.split(' ')[0]),
    ['file', 'on', 'off', 'file'],
  );
});

test('while settings are on trial the mode stays as it is, towards less too', async () => {
  const parts = {
    configFile: { held: 'a change of settings is on trial' },
    firewall: { disable: () => assert.fail('switched off') },
  };
  const set = await new RunningAppliance(parts as unknown as ApplianceParts, 'enforce').setMode('observe');
  assert.deepEqual(set.ok ? '' : [set.code, set.public], ['to_be_tried', 'a change of settings is on trial']);
});

for (const [text, says] of [
  ['denied_networks: [0.0.0.0/0]', /denied_networks/],
  ['default: drop, conn_limit: 5, count_only: [conn_limit]', /drop packets to this host \(conn_limit, default_drop\)/],
] as const)
  test(`what cuts somebody off comes into force on trial, and not by a mode: ${text}`, async () => {
    const parts = {
      configFile: { loaded: loaded(`firewall: { ${text} }\n`) },
      firewall: { enable: () => assert.fail('enforced') },
    };
    for (const mode of ['dry_run', 'enforce'] as const) {
      const set = await new RunningAppliance(parts as unknown as ApplianceParts, 'observe').setMode(mode);
      assert.ok(!set.ok && set.code === 'to_be_tried');
      assert.match(set.public, says);
    }
  });

for (const [mode, auto, dryRun] of [
  ['enforce', { enabled: true, dry_run: true, block_ips: true }, false],
  ['dry_run', { enabled: true, dry_run: false, block_ips: true }, true],
  ['dry_run', { enabled: false, dry_run: false, block_ips: true }, false],
  ['dry_run', { enabled: true, dry_run: true, block_ips: true }, true],
  ['observe', { enabled: true, dry_run: false, block_ips: true }, false],
  ['observe', { enabled: true, dry_run: true, block_ips: true }, true],
] as const)
  test(`${mode} with ${JSON.stringify(auto)}: dry run ${dryRun}`, async () => {
    const parts = {
      clock: { now: () => 0 },
      firewall: { state: () => 'off', enforced: () => undefined, repairs: () => ({}) },
      storeHealth: () => ({ state: 'ok', bytes: 0 }),
      httpEngine: () => '',
      components: () => [],
      claimed: () => true,
      device: { trouble: 'none here' },
      recorder: { count: 0 },
      rollups: { state: { suppressed: 0 } },
      active: { severities: () => ({}) },
      responder: { dryRuns: 0 },
      planner: { queue: { size: 0, givenUp: 0 } },
      ledger: { networks: { size: 0 } },
      configFile: { loaded: { hash: '' }, inEffect: { auto_response: auto, firewall: {} } },
    };
    const appliance = new RunningAppliance(parts as unknown as ApplianceParts, mode);
    assert.equal((await appliance.facts()).autoResponse.dryRun, dryRun);
  });

test('a test alert that a suppression hides is kept, and said to be hidden', async () => {
  const kept: string[] = [];
  const parts = {
    clock: { now: () => 0 },
    configFile: { inEffect: { hostname: 'edge' } },
    recorder: {
      suppressionOf: ({ check }: { readonly check: string }) => (check === 'test_alert' ? 'ab12' : undefined),
      record: async ([{ check }]: readonly [{ readonly check: string }]) => void kept.push(check),
      flushed: async () => ({ ok: true }),
    },
  };
  const sent = await new RunningAppliance(parts as unknown as ApplianceParts, 'observe').testAlert('ops');
  assert.deepEqual(kept, ['test_alert']);
  assert.ok(!sent.ok && sent.code === 'suppressed');
  assert.match(sent.public, /suppression ab12 keeps it/);
});
