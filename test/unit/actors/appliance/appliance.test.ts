import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApplianceParts, RunningAppliance } from '../../../../actors/appliance/index.ts';
import { settled } from '../../../support/settled.ts';

test('modes set at once are set one after the other: file, firewall and word agree', async () => {
  const done: string[] = [];
  const slow = Promise.withResolvers<void>();
  const parts = {
    configFile: {
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
