import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isId } from '../../../../../core/base/ids.ts';
import { minutes } from '../../../../../core/base/time.ts';
import type { Detector } from '../../../../../core/detect/detector.ts';
import type { Finding } from '../../../../../core/detect/finding.ts';
import { findingIdOf } from '../../../../../core/detect/finding-id.ts';
import { type Event, PROVENANCES } from '../../../../../core/event/event.ts';
import type { SshAction } from '../../../../../core/event/sshd/actions.ts';
import { keep, lone, run, stored } from '../../../../support/detectors.ts';
import { EPOCH, ip, sshEvent } from '../../../../support/events.ts';
import { fc } from '../../../../support/random.ts';

const A = ip('203.0.113.7');
const B = ip('198.51.100.9');

const detector = (threshold = 5): Detector => lone('ssh_bruteforce', { threshold, window: minutes(10) });

/** `count` failed passwords from A, one a second. */
const failures = (count: number, from = 0): Event[] =>
  Array.from({ length: count }, (_, i) => sshEvent(from + i, (from + i) * 100, { sourceIp: A, sourcePort: 1000 + i }));

test('the threshold makes one finding that says who, how often, how long and for whom', () => {
  const users = ['root', 'admin', 'root', 'a b', 'pi'];
  const events = failures(5).map((event, i) => ({ ...event, user: users[i] ?? '' }));
  const found = run(detector(), events);
  assert.equal(found.length, 1);
  const { id, ...rest } = found[0] as Finding;
  assert.ok(isId(id));
  assert.deepEqual(rest, {
    at: EPOCH + 4000,
    check: 'ssh_bruteforce',
    severity: 'high',
    subject: { kind: 'ip', value: A },
    message: `SSH brute force from ${A}: 5 failed logins in 4s (users root, admin, "a b", pi)`,
    firstAt: EPOCH,
    count: 5,
    first: { source: 'f', offset: 0 },
    last: { source: 'f', offset: 400 },
    provenance: 'file',
  });
  assert.equal(id, findingIdOf(rest));
});

test('one below the threshold is nothing, and the window slides', () => {
  assert.deepEqual(run(detector(), failures(4)), []);
  const spread = [0, 1, 2, 3, 600].map((second) => sshEvent(second, second, { sourceIp: A }));
  assert.deepEqual(run(detector(), spread), []);
  assert.equal(run(detector(), [...spread, sshEvent(600.5, 9, { sourceIp: A })]).length, 1);
});

test('after a finding the source is quiet for a window, then is found again at the threshold', () => {
  const quiet = [...failures(5), ...failures(5, 300), ...failures(4, 600)];
  assert.equal(run(detector(), quiet).length, 1);
  const again = run(detector(), [...failures(5), ...failures(5, 604)]);
  assert.deepEqual(
    again.map(({ at, count }) => [(at - EPOCH) / 1000, count]),
    [
      [4, 5],
      [608, 5],
    ],
  );
});

test('a line that stands for several counts for several', () => {
  const [found] = run(detector(), [
    sshEvent(0, 0, { sourceIp: A, user: 'root' }),
    sshEvent(1, 1, { sourceIp: A, user: 'root', repeats: 5 }),
  ]);
  assert.equal(found?.count, 6);
  assert.match(found?.message ?? '', /6 failed logins in 1s \(user root\)$/);
});

for (const action of [
  'ssh_failed_none',
  'ssh_invalid_user',
  'ssh_pam_failure',
  'ssh_accepted_password',
  'ssh_connection_closed',
] satisfies SshAction[])
  test(`${action} does not count`, () => {
    assert.deepEqual(
      run(
        detector(1),
        failures(5).map((event) => ({ ...event, action })),
      ),
      [],
    );
  });

for (const action of [
  'ssh_failed_password',
  'ssh_failed_publickey',
  'ssh_failed_keyboard_interactive',
  'ssh_failed_other',
  'ssh_auth_abandoned',
] satisfies SshAction[])
  test(`${action} counts`, () => {
    assert.equal(
      run(
        detector(),
        failures(5).map((event) => ({ ...event, action })),
      ).length,
      1,
    );
  });

test('an event without an address does not count', () => {
  assert.deepEqual(run(detector(1), [sshEvent(0, 0)]), []);
});

test('an abandoned connection counts once, and not beside a failure of the same connection', () => {
  const abandoned = (second: number, port: number) =>
    sshEvent(second, second, { action: 'ssh_auth_abandoned', sourceIp: A, sourcePort: port });
  const failed = (second: number, port: number) => sshEvent(second, second, { sourceIp: A, sourcePort: port });
  assert.equal(run(detector(2), [failed(0, 1), abandoned(1, 1)]).length, 0);
  assert.equal(run(detector(2), [failed(0, 1), abandoned(1, 2)]).length, 1);
  assert.equal(run(detector(2), [failed(0, 1), failed(1, 1)]).length, 1);
  assert.equal(run(detector(2), [abandoned(0, 1), abandoned(1, 1)]).length, 0);
  assert.equal(run(detector(3), [failed(0, 1), failed(601, 2), abandoned(602, 1), failed(603, 3)]).length, 1);
  assert.equal(run(detector(2), [failed(0, 1), abandoned(600, 1), failed(601, 2)]).length, 1);
  assert.equal(run(detector(2), [failed(1, 1), abandoned(600, 1), failed(601, 2)]).length, 0);
});

test('a late line may complete a finding; the quiet runs from the latest that counted', () => {
  const on = detector(3);
  const at = (second: number) => sshEvent(second, second, { sourceIp: A });
  const [found] = run(on, [at(100), at(300), at(200)]);
  assert.equal((found?.at ?? 0) - EPOCH, 200_000);
  assert.match(found?.message ?? '', /3 failed logins in 3m20s$/);
  assert.deepEqual(run(on, [at(800), at(850), at(899)]), []);
  assert.equal(run(on, [at(900), at(901), at(902)]).length, 1);
});

test('connections of two addresses of a /64 from the same port are two', () => {
  const abandoned = (n: number) =>
    sshEvent(n, n, { action: 'ssh_auth_abandoned', sourceIp: ip(`2001:db8::${n}`), sourcePort: 9 });
  assert.equal(run(detector(2), [abandoned(1), abandoned(2)]).length, 1);
  assert.equal(run(detector(2), [abandoned(1), abandoned(1)]).length, 0);
});

test('IPv6 is counted by /64, and the address used last is the subject', () => {
  const found = run(
    detector(),
    [1, 2, 3, 4, 5].map((n) => sshEvent(n, n, { sourceIp: ip(`2001:db8:1:2::${n}`) })),
  );
  assert.deepEqual(found[0]?.subject, { kind: 'ip', value: '2001:db8:1:2::5' });
  const apart = [1, 2, 3, 4, 5].map((n) => sshEvent(n, n, { sourceIp: ip(`2001:db8:1:${n}::1`) }));
  assert.deepEqual(run(detector(), apart), []);
});

test('the finding is as trustworthy as the least of its events', () => {
  const events = failures(5).map((event, i) => ({
    ...event,
    provenance: PROVENANCES[[2, 0, 4, 1, 3][i] ?? 0] ?? 'file',
  }));
  assert.equal(run(detector(), events)[0]?.provenance, 'spoofable');
});

test('hostile user names are shown tamed and few', () => {
  const events = failures(7).map((event, i) => ({ ...event, user: `${i}\u202e\n${'x'.repeat(100)}` }));
  const [found] = run(detector(7), events);
  assert.ok((found?.message.length ?? 999) < 350);
  assert.doesNotMatch(found?.message ?? '', /\p{C}/u);
  assert.match(found?.message ?? '', /, …\)$/);
});

// Random streams.

const WINDOW = 600;
const addresses = [A, B, ip('2001:db8::1'), ip('2001:db8::2'), ip('2001:db8:0:1::1')];

const anyEvent = fc.record({
  second: fc.integer({ min: 0, max: 3000 }),
  address: fc.nat(addresses.length - 1),
  port: fc.integer({ min: 1, max: 3 }),
  action: fc.constantFrom<SshAction>(
    'ssh_failed_password',
    'ssh_failed_password',
    'ssh_auth_abandoned',
    'ssh_failed_none',
  ),
  repeats: fc.constantFrom(1, 1, 1, 2, 4),
  provenance: fc.constantFrom(...PROVENANCES),
});

/** A stream in rough order of time: each event at most `disorder` seconds before one ahead of it. */
const stream = (disorder: number): fc.Arbitrary<Event[]> =>
  fc.array(fc.tuple(anyEvent, fc.nat(disorder)), { maxLength: 80 }).map((drawn) =>
    drawn
      .sort(([a], [b]) => a.second - b.second)
      .map(([{ second, address, port, action, repeats, provenance }, late], i) =>
        sshEvent(Math.max(0, second - late), i, {
          action,
          provenance,
          ...(addresses[address] && { sourceIp: addresses[address] }),
          sourcePort: port,
          ...(repeats >= 2 && { repeats }),
        }),
      ),
  );

/** The doc comment of `createSshBruteforce`, spelt out: every event judged by a look over all that was counted before. */
function reference(
  events: readonly Event[],
  threshold: number,
): Pick<Finding, 'at' | 'firstAt' | 'count' | 'subject' | 'first' | 'last' | 'provenance'>[] {
  const found = [];
  const sources = new Map<string, { counted: Event[]; quietUntil: number }>();
  for (const event of events) {
    const address = event.sourceIp ?? '';
    const name = address.startsWith('2001:db8::') ? 'first /64' : address;
    const source = sources.get(name) ?? { counted: [], quietUntil: 0 };
    sources.set(name, source);
    const newest = Math.max(event.at, ...source.counted.map(({ at }) => at));
    const window = source.counted.filter(({ at }) => newest - at < WINDOW * 1000);
    const isDoubled =
      event.action === 'ssh_auth_abandoned' &&
      window.some((other) => other.sourceIp === event.sourceIp && other.sourcePort === event.sourcePort);
    const isLate = newest - event.at >= WINDOW * 1000;
    if (event.action === 'ssh_failed_none' || isDoubled || isLate || event.at < source.quietUntil) continue;
    source.counted.push(event);
    window.push(event);
    const weigh = (one: Event) => (one.action === 'ssh_auth_abandoned' ? 1 : (one.repeats ?? 1));
    const count = window.reduce((sum, one) => sum + weigh(one), 0);
    if (count < threshold) continue;
    const first = window.reduce((best, one) => (one.at < best.at ? one : best));
    source.counted = [];
    source.quietUntil = newest + WINDOW * 1000;
    found.push({
      at: event.at,
      firstAt: first.at,
      count,
      subject: { kind: 'ip', value: address } as const,
      first: first.position,
      last: event.position,
      provenance: PROVENANCES[Math.max(...window.map((one) => PROVENANCES.indexOf(one.provenance)))] ?? 'kernel',
    });
  }
  return found;
}

for (const disorder of [0, 60, 1500])
  test(`finds what a slow reference finds, with events up to ${disorder} s late`, () => {
    let findings = 0;
    fc.assert(
      fc.property(stream(disorder), fc.integer({ min: 1, max: 8 }), (events, threshold) => {
        const found = run(detector(threshold), events).map(
          ({ at, firstAt, count, subject, first, last, provenance }) => ({
            at,
            firstAt,
            count,
            subject,
            first,
            last,
            provenance,
          }),
        );
        assert.deepEqual(found, reference(events, threshold));
        findings += found.length;
      }),
    );
    assert.ok(findings > 100, `only ${findings} findings were compared`);
  });

test('stopped anywhere and restored, it finds the same', () => {
  fc.assert(
    fc.property(stream(60), fc.array(fc.nat(80), { minLength: 1, maxLength: 4 }), (events, cuts) => {
      const whole = run(detector(4), events);
      const found: Finding[] = [];
      const store = new Map<string, unknown>();
      let on = detector(4);
      events.forEach((event, i) => {
        if (cuts.includes(i)) {
          keep(store, on.snapshot());
          on = detector(4);
          assert.equal(on.restore(stored(store)).skipped, 0);
        }
        found.push(...on.step(event));
        if (i % 7 === 0) keep(store, on.snapshot());
      });
      assert.deepEqual(found, whole);
    }),
  );
});

test('a snapshot is as large as what changed', () => {
  const on = detector(5);
  for (let i = 0; i < 5000; i++) on.step(sshEvent(i / 100, i, { sourceIp: ip(`10.0.${i >> 8}.${i & 255}`) }));
  on.snapshot();
  on.step(sshEvent(60, 9000, { sourceIp: A }));
  assert.ok(JSON.stringify(on.snapshot()).length < 300);
  assert.deepEqual(on.snapshot(), []);
});
