import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { ActiveFindings, Dismissals, dispositionsOf, Suppressions } from '../../../../actors/incidents/index.ts';
import { createRecords } from '../../../../actors/store/index.ts';
import { hours } from '../../../../core/base/time.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { sampleFinding } from '../../../support/sample-finding.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

/** One process on a store and clock that outlive it. */
function start(store: MemoryStore, clock: SimulatedClock) {
  const records = createRecords(store);
  let made = 0;
  const random = { bytes: (count: number) => new Uint8Array(count).fill(++made) };
  const suppressions = new Suppressions({ records, clock, random, most: 5 });
  const active = new ActiveFindings();
  const dismissals = new Dismissals({ records, active, clock });
  return { suppressions, active, dismissals, desk: dispositionsOf(suppressions, dismissals) };
}

describe('dispositions', () => {
  let store: MemoryStore;
  let clock: SimulatedClock;
  let b: ReturnType<typeof start>;
  beforeEach(() => {
    store = new MemoryStore();
    clock = new SimulatedClock();
    b = start(store, clock);
  });

  const wish = { check: 'ssh_bruteforce', reason: 'ours', actor: 'ops' };

  test('a suppression stands at once and after a restart, and goes when deleted', async () => {
    const first = await b.desk.suppress(wish);
    clock.advance(1);
    const second = await b.desk.suppress({ ...wish, check: 'other', pathPattern: '/a/*' });
    assert.ok(first.ok && second.ok);
    assert.match(first.value.id, /^[0-9a-f]{16}$/);
    assert.ok(b.suppressions.matching(sampleFinding('203.0.113.1')));
    const again = start(store, clock);
    await again.suppressions.load();
    assert.deepEqual(again.desk.suppressions(), [first.value, second.value]);
    assert.ok((await again.desk.unsuppress(first.value.id)).ok);
    assert.ok((await again.desk.unsuppress('unknown')).ok);
    assert.equal(again.suppressions.matching(sampleFinding('203.0.113.1')), undefined);
    const last = start(store, clock);
    await last.suppressions.load();
    assert.deepEqual(last.desk.suppressions(), [second.value]);
  });

  test('the same rule twice is one; a pattern that cannot be read is refused', async () => {
    const first = await b.desk.suppress(wish);
    const second = await b.desk.suppress({ ...wish, reason: 'again' });
    assert.ok(first.ok && second.ok);
    assert.equal(first.value.id, second.value.id);
    const bad = await b.desk.suppress({ ...wish, pathPattern: 'relative/*' });
    assert.equal(bad.ok ? '' : bad.code, 'bad_pattern');
  });

  test('rules asked for at once are one where they are the same, and no more than there may be', async () => {
    const same = await Promise.all([b.desk.suppress(wish), b.desk.suppress(wish), b.desk.suppress(wish)]);
    assert.equal(new Set(same.map((one) => (one.ok ? one.value.id : one.code))).size, 1);
    const many = await Promise.all(Array.from({ length: 9 }, (_, i) => b.desk.suppress({ ...wish, check: `c${i}` })));
    assert.deepEqual(
      many.map((one) => (one.ok ? 'made' : one.code)),
      [...Array(4).fill('made'), ...Array(5).fill('full')],
    );
    assert.equal(b.desk.suppressions().length, 5);
  });

  test('a rule that is asked for while its like is being deleted stands', async () => {
    const first = await b.desk.suppress(wish);
    assert.ok(first.ok);
    const [, again] = await Promise.all([b.desk.unsuppress(first.value.id), b.desk.suppress(wish)]);
    assert.deepEqual(b.desk.suppressions(), again.ok ? [again.value] : []);
  });

  test('five rules are enough where five is the most', async () => {
    for (let i = 0; i < 5; i++) assert.ok((await b.desk.suppress({ ...wish, check: `check${i}` })).ok);
    const more = await b.desk.suppress(wish);
    assert.equal(more.ok ? '' : more.code, 'full');
  });

  test('without the disk nothing is suppressed or dismissed', async () => {
    b.active.add(sampleFinding('203.0.113.1', clock.now()), 1);
    store.failing = (_, sync) => sync;
    const suppressed = await b.desk.suppress(wish);
    const dismissed = await b.desk.dismiss('ssh_bruteforce:SSH brute force from 203.0.113.1', 'ops');
    assert.deepEqual([suppressed.ok, dismissed.ok], [false, false]);
    assert.equal(b.suppressions.matching(sampleFinding('203.0.113.1')), undefined);
    assert.equal(b.active.list(clock.now()).length, 1);
  });

  test('a dismissal holds over a restart until the group gets another finding, then is forgotten', async () => {
    const finding = sampleFinding('203.0.113.1', clock.now());
    b.active.add(finding, 1);
    b.active.add(sampleFinding('203.0.113.2', clock.now()), 2);
    const done = await b.desk.dismiss(finding.id, 'ops');
    assert.deepEqual(done, { ok: true, value: 1 });
    assert.equal(b.active.list(clock.now()).length, 1);
    assert.deepEqual(await b.desk.dismiss('nothing', 'ops'), { ok: true, value: 0 });

    const again = start(store, clock);
    again.active.add(finding, 1);
    await again.dismissals.load();
    assert.equal(again.active.list(clock.now()).length, 0);

    const newer = start(store, clock);
    newer.active.add(finding, 1);
    newer.active.add(sampleFinding('203.0.113.1', clock.now(), { message: 'again' }), 3);
    await newer.dismissals.load();
    assert.equal(newer.active.list(clock.now()).length, 1);

    clock.advance(hours(25));
    await start(store, clock).dismissals.load();
    assert.equal(store.keys().filter((key) => key.startsWith('dismissal!')).length, 0);
  });
});
