import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { ActiveFindings, FindingRecorder, type MarkedFinding } from '../../../../actors/incidents/index.ts';
import { fail, ok } from '../../../../core/base/result.ts';
import { days, hours, millis, plus } from '../../../../core/base/time.ts';
import type { HistoryRow } from '../../../../core/incident/history.ts';
import type { Suppression } from '../../../../core/incident/suppression.ts';
import { sampleFinding } from '../../../support/sample-finding.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

function bench(disk: HistoryRow[] = [], recent = { since: millis(0), count: 0 }) {
  const clock = new SimulatedClock();
  const active = new ActiveFindings();
  const told: [string, number][] = [];
  const renumbered: number[] = [];
  const acted: [string, boolean][] = [];
  const state = { fails: false, slow: Promise.resolve(), acting: Promise.resolve(), suppressed: [] as Suppression[] };
  const recorder = new FindingRecorder({
    active,
    recent: () => recent,
    log: () => {},
    records: {
      newestFirst: async function* () {
        yield* disk.toReversed();
      },
      after: async function* (serial) {
        yield* disk.filter((row) => row.serial > serial);
      },
      append: async (findings: readonly MarkedFinding[]) => {
        await state.slow;
        if (state.fails) return fail('lost', 'no disk');
        return ok(
          findings.map((row) => {
            const there = disk.find(({ finding }) => finding.id === row.finding.id);
            if (there !== undefined) return { serial: there.serial, added: false };
            disk.push({ ...row, serial: disk.length + 1 });
            return { serial: disk.length, added: true };
          }),
        );
      },
    },
    suppressing: ({ subject }) => state.suppressed.find((rule) => rule.reason === subject.value),
    publish: ({ subject }, serial) => told.push([subject.value, serial]),
    renumbered: (after) => renumbered.push(after),
    respond: async (findings) => {
      await state.acting;
      acted.push(...findings.map(({ finding, again }) => [finding.subject.value, again] as [string, boolean]));
    },
  });
  return { clock, active, told, acted, renumbered, state, recorder, disk };
}

describe('the recorder of findings', () => {
  let b: ReturnType<typeof bench>;
  beforeEach(() => {
    b = bench();
  });

  test('findings are read on from a serial, and the count follows a store that was replaced', async () => {
    await b.recorder.record(['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((ip) => sampleFinding(ip)));
    await b.recorder.flushed();
    const serials = async (after: number, limit: number) =>
      (await b.recorder.after(after, limit)).map(({ serial }) => serial);
    assert.deepEqual([await serials(0, 2), await serials(1, 9), await serials(3, 9)], [[1, 2], [2, 3], []]);
    b.disk.length = 1;
    await b.recorder.load();
    assert.equal(b.recorder.count, 1);
  });

  test('a serial that was given before is told before its finding is', async () => {
    await b.recorder.record(['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((ip) => sampleFinding(ip)));
    await b.recorder.flushed();
    assert.deepEqual(b.renumbered, []);
    b.disk.length = 1;
    await b.recorder.record([sampleFinding('192.0.2.4'), sampleFinding('192.0.2.5')]);
    await b.recorder.flushed();
    assert.deepEqual([b.renumbered, b.recorder.count], [[1], 3]);
  });

  test('a start takes up every recent finding, however many that are, and groups them as before', async () => {
    const at = b.clock.now();
    const old = sampleFinding('192.0.2.99', millis(at - days(3)));
    const findings = [
      old,
      ...Array.from({ length: 20_000 }, (_, i) => sampleFinding(`10.0.${i % 3}.${i % 99}`, millis(at - i))),
    ];
    const disk = findings.map((finding, i) => ({ finding, serial: i + 1 }));
    for (const { finding, serial } of disk) b.active.add(finding, serial);
    const whole = bench(disk, { since: millis(at - hours(25)), count: 20_000 });
    await whole.recorder.load();
    const ordered = (active: ActiveFindings) => active.list(at);
    assert.deepEqual(ordered(whole.active), ordered(b.active));
    assert.equal(whole.recorder.count, 20_001);
    const bounded = bench(disk, { since: millis(at - hours(25)), count: 0 });
    await bounded.recorder.load();
    assert.equal(
      ordered(bounded.active).reduce((sum, group) => sum + group.findings, 0),
      16_384,
    );
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

  test('a suppressed finding is kept and marked; nobody acts, nobody is told, no view shows it', async () => {
    const rule = { id: 'ab', check: 'ssh_bruteforce', reason: '203.0.113.1', at: b.clock.now(), actor: 'ops' };
    b.state.suppressed = [rule];
    await b.recorder.record([sampleFinding('203.0.113.1'), sampleFinding('203.0.113.2')]);
    await b.recorder.flushed();
    assert.deepEqual(b.acted, [['203.0.113.2', false]]);
    assert.deepEqual(b.told, [['203.0.113.2', 2]]);
    assert.deepEqual(
      b.disk.map(({ serial, suppressedBy }) => [serial, suppressedBy]),
      [
        [1, 'ab'],
        [2, undefined],
      ],
    );
    assert.equal(b.recorder.count, 2);
    const again = bench(b.disk);
    await again.recorder.load();
    assert.deepEqual(
      again.active.list(b.clock.now()).map(({ latest }) => latest.subject.value),
      ['203.0.113.2'],
    );
  });

  test('a dismissed group is out of view until it gets another finding', () => {
    const at = b.clock.now();
    b.active.add(sampleFinding('203.0.113.1', at), 1);
    b.active.add(sampleFinding('203.0.113.2', at), 2);
    b.active.dismissUpTo(['ssh_bruteforce', 'ip', '203.0.113.1'], 1);
    b.active.dismissUpTo(['ssh_bruteforce', 'ip', '203.0.113.2'], 1);
    b.active.dismissUpTo(['ssh_bruteforce', 'ip', '203.0.113.9'], 9);
    const seen = () => b.active.list(at).map(({ latest }) => latest.subject.value);
    assert.deepEqual(seen(), ['203.0.113.2']);
    assert.deepEqual(b.active.severities(at), { warning: 0, high: 1, critical: 0 });
    b.active.add(sampleFinding('203.0.113.1', at), 3);
    assert.deepEqual(seen(), ['203.0.113.1', '203.0.113.2']);
  });

  test('what a new rule matches leaves the view', () => {
    let hides = false;
    const active = new ActiveFindings(() => hides);
    active.add(sampleFinding('203.0.113.1', b.clock.now()), 1);
    assert.equal(active.list(b.clock.now()).length, 1);
    hides = true;
    assert.equal(active.list(b.clock.now()).length, 0);
  });
});
