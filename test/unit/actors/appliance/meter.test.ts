import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunningMeter, type Topics } from '../../../../actors/appliance/index.ts';
import { Bus } from '../../../../actors/bus/index.ts';
import { HttpMeter } from '../../../../core/api/metrics/http-meter.ts';
import { decision, FakeAppliance, FINDING, START } from '../../../support/api/fake-appliance.ts';

test('findings and decisions are counted as they pass', async () => {
  const bus = new Bus<Topics>((_, thrown) => {
    throw thrown;
  });
  const meter = new RunningMeter({
    appliance: new FakeAppliance(),
    allows: { list: () => [] },
    lists: { list: async () => [] },
    bus,
    http: new HttpMeter(),
    dropped: async () => [],
    features: async () => [],
    process: async () => ({ cpuSeconds: 0, residentBytes: 0, startedAt: START }),
  });
  bus.publish('finding', { finding: FINDING, serial: 1 });
  bus.publish('finding', { finding: { ...FINDING, severity: 'high' }, serial: 2 });
  bus.publish('decision', { decision: decision('192.0.2.9') });
  bus.publish('decision', { decision: decision('192.0.2.8') });
  bus.publish('decision', { decision: decision('192.0.2.8', { state: 'lifted' }) });
  const read = await meter.read();
  assert.deepEqual(read.findings, { warning: 0, high: 1, critical: 1 });
  assert.deepEqual(read.decisions, [
    { state: 'active', origin: 'auto_response', count: 2 },
    { state: 'lifted', origin: 'auto_response', count: 1 },
  ]);
  assert.equal(read.blocked, 1);
});
