import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ActiveFindings, FindingRecorder, type NumberedFinding } from '../../../../actors/incidents/index.ts';
import { fail, ok } from '../../../../core/base/result.ts';
import { days, hours, plus } from '../../../../core/base/time.ts';
import type { Finding } from '../../../../core/detect/finding.ts';
import { sampleFinding } from '../../../support/sample-finding.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

function bench(disk: NumberedFinding[] = []) {
  const clock = new SimulatedClock();
  const active = new ActiveFindings();
  const told: [string, number][] = [];
  const acted: [string, boolean][] = [];
  const state = { fails: false, slow: Promise.resolve(), acting: Promise.resolve() };
  const recorder = new FindingRecorder({
    active,
    log: () => {},
    records: {
      newestFirst: async function* () {
        yield* disk.toReversed();
      },
      append: async (findings: readonly Finding[]) => {
        await state.slow;
        if (state.fails) return fail('lost', 'no disk');
        return ok(
          findings.map((finding) => {
            const there = disk.find((row) => row.finding.id === finding.id);
            if (there !== undefined) return { serial: there.serial, added: false };
            disk.push({ finding, serial: disk.length + 1 });
            return { serial: disk.length, added: true };
          }),
        );
      },
    },
    publish: ({ subject }, serial) => told.push([subject.value, serial]),
    respond: async (findings) => {
      await state.acting;
      acted.push(...findings.map(({ finding, again }) => [finding.subject.value, again] as [string, boolean]));
    },
  });
  return { clock, active, told, acted, state, recorder, disk };
}

let b: ReturnType<typeof bench>;
beforeEach(() => {
  b = bench();
});

test('a finding is acted upon, numbered, kept and told', async () => {
  await b.recorder.record([sampleFinding('203.0.113.1'), sampleFinding('203.0.113.2')]);
  await b.recorder.flushed();
  assert.deepEqual(b.acted, [
    ['203.0.113.1', false],
    ['203.0.113.2', false],
  ]);
  assert.deepEqual(b.told, [
    ['203.0.113.1', 1],
    ['203.0.113.2', 2],
  ]);
  assert.equal(b.recorder.count, 2);
});

test('acting does not wait for the disk', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  b.state.slow = promise;
  await b.recorder.record([sampleFinding('203.0.113.1')]);
  assert.equal(b.acted.length, 1);
  assert.equal(b.told.length, 0);
  resolve();
  await b.recorder.flushed();
  assert.equal(b.told.length, 1);
});

test('a re-fed finding is acted upon as such and not told again, also after a restart', async () => {
  await b.recorder.record([sampleFinding('203.0.113.1')]);
  await b.recorder.record([sampleFinding('203.0.113.1')]);
  await b.recorder.flushed();
  const again = bench(b.disk);
  await again.recorder.load();
  await again.recorder.record([sampleFinding('203.0.113.1'), sampleFinding('203.0.113.2')]);
  await again.recorder.flushed();
  assert.deepEqual(b.told, [['203.0.113.1', 1]]);
  assert.deepEqual(
    b.acted.map(([, seen]) => seen),
    [false, true],
  );
  assert.deepEqual(again.acted, [
    ['203.0.113.1', true],
    ['203.0.113.2', false],
  ]);
  assert.deepEqual(again.told, [['203.0.113.2', 2]]);
  assert.equal(again.recorder.count, 2);
});

test('what the store does not take is kept for the next try, and nothing is flushed until then', async () => {
  b.state.fails = true;
  await b.recorder.record([sampleFinding('203.0.113.1')]);
  assert.equal((await b.recorder.flushed()).ok, false);
  assert.deepEqual(b.acted, [['203.0.113.1', false]]);
  assert.deepEqual(b.told, []);
  b.state.fails = false;
  await b.recorder.record([sampleFinding('203.0.113.2')]);
  assert.equal((await b.recorder.flushed()).ok, true);
  assert.deepEqual(b.told, [
    ['203.0.113.1', 1],
    ['203.0.113.2', 2],
  ]);
});

test('flushed waits for what is still being acted upon', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  b.state.acting = promise;
  const recorded = b.recorder.record([sampleFinding('203.0.113.1')]);
  let flushed = false;
  const flushing = b.recorder.flushed().then(() => {
    flushed = true;
  });
  await settled();
  assert.equal(flushed, false);
  resolve();
  await Promise.all([recorded, flushing]);
  assert.equal(flushed, true);
});

test('groups by check and subject, newest first, for 24 hours', () => {
  const at = b.clock.now();
  b.active.add(sampleFinding('203.0.113.1', at), 1);
  b.active.add(sampleFinding('203.0.113.2', plus(at, hours(1))), 2);
  b.active.add(sampleFinding('203.0.113.1', plus(at, hours(2))), 3);
  b.active.add(sampleFinding('203.0.113.1', plus(at, hours(1))), 4);
  const groups = b.active.list(plus(at, hours(2)));
  assert.deepEqual(
    groups.map(({ latest, findings, serial }) => [latest.subject.value, findings, serial]),
    [
      ['203.0.113.1', 3, 4],
      ['203.0.113.2', 1, 2],
    ],
  );
  assert.equal(groups[0]?.firstSeen, at);
  assert.equal(groups[0]?.lastSeen, plus(at, hours(2)));
  assert.equal(groups[0]?.latest.at, plus(at, hours(2)));
  assert.deepEqual(b.active.severities(plus(at, hours(2))), { warning: 0, high: 2, critical: 0 });
  assert.deepEqual(b.active.list(plus(at, days(2))), []);
});
