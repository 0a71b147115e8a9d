import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SupervisorSpec, startSupervised, supervise } from '../../../../actors/supervisor/index.ts';
import { millis, minutes, seconds } from '../../../../core/base/time.ts';
import { ScriptedService } from '../../../support/scripted-service.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const NEVER = { crashes: 0, within: minutes(1) };
const THRICE = { crashes: 3, within: minutes(1) };
const backoff = { first: seconds(1), longest: seconds(4) };

function bench() {
  const clock = new SimulatedClock();
  const journal: string[] = [];
  const logged: string[] = [];
  const services = new Map<string, ScriptedService>();
  const service = (id: string): ScriptedService => {
    const made = services.get(id) ?? new ScriptedService(id, journal);
    services.set(id, made);
    return made;
  };
  const group = (
    id: string,
    strategy: SupervisorSpec['strategy'],
    children: SupervisorSpec['children'],
    more: Partial<SupervisorSpec> = {},
  ) => supervise({ id, strategy, children, intensity: THRICE, backoff, ...more });
  const root = (children: SupervisorSpec['children']) =>
    supervise({ id: 'root', strategy: 'one-for-one', intensity: NEVER, children });
  const start = (children: SupervisorSpec['children'], signal?: AbortSignal) =>
    startSupervised(root(children), {
      clock,
      log: (_, message, about) => logged.push(`${about?.['component']} ${message}`),
      ...(signal === undefined ? {} : { signal }),
    });
  const pass = async (length: number) => {
    await settled();
    clock.advance(length);
    await settled();
  };
  /** What has happened since this was last asked. */
  const happened = () => journal.splice(0);
  return { clock, service, group, start, pass, happened, logged, services };
}

const states = (components: readonly { name: string; state: string }[]) =>
  Object.fromEntries(components.map(({ name, state }) => [name, state]));

test('children start in order, each when the one before is usable, and stop in reverse', async () => {
  const { service, group, start, happened, pass } = bench();
  service('a').starting = 'hangs';
  const starting = start([
    group('first', 'one-for-one', [service('a'), service('b')]),
    group('second', 'rest-for-one', [service('c'), service('d')]),
  ]);
  await pass(0);
  assert.deepEqual(happened(), ['start a']);
  service('a').release();
  const supervised = await starting;
  assert.deepEqual(happened(), ['start b', 'start c', 'start d']);
  assert.deepEqual(states(supervised.components()), { first: 'ok', a: 'ok', b: 'ok', second: 'ok', c: 'ok', d: 'ok' });
  await supervised.stop();
  assert.deepEqual(happened(), ['stop d', 'stop c', 'stop b', 'stop a']);
  await supervised.stop();
  assert.deepEqual(happened(), []);
});

test('one-for-one restarts what crashed, alone, after its backoff', async () => {
  const { service, group, start, happened, pass } = bench();
  const supervised = await start([group('g', 'one-for-one', [service('a'), service('b'), service('c')])]);
  happened();
  service('b').crash(new Error('wire cut'));
  await settled();
  assert.deepEqual(happened(), ['stop b']);
  const b = supervised.components().find(({ name }) => name === 'b');
  assert.deepEqual([b?.state, b?.message], ['failed', 'wire cut']);
  assert.equal(supervised.components()[0]?.state, 'degraded');
  await pass(999);
  assert.deepEqual(happened(), []);
  await pass(1);
  assert.deepEqual(happened(), ['start b']);
  const [g, , again] = supervised.components();
  assert.deepEqual(
    [g?.state, again?.state, again?.counters['restarts'], again?.counters['crashes']],
    ['ok', 'ok', 1, 1],
  );
  await supervised.stop();
});

test('rest-for-one stops what comes after, last to first, cleans up, and starts in order', async () => {
  const { service, group, start, happened, pass } = bench();
  const supervised = await start([group('g', 'rest-for-one', ['a', 'b', 'c', 'd'].map(service))]);
  happened();
  service('b').crash();
  await settled();
  assert.deepEqual(happened(), ['stop d', 'stop c', 'stop b']);
  await pass(1000);
  assert.deepEqual(happened(), ['start b', 'start c', 'start d']);
  await supervised.stop();
});

test('a crash further ahead while the rest is being restarted takes that in too', async () => {
  const { service, group, start, happened, pass } = bench();
  const supervised = await start([group('g', 'rest-for-one', ['a', 'b', 'c'].map(service))]);
  happened();
  service('c').crash();
  await settled();
  service('a').crash();
  await pass(0);
  assert.deepEqual(happened(), ['stop c', 'stop b', 'stop a']);
  await pass(1000);
  assert.deepEqual(happened(), ['start a', 'start b', 'start c']);
  await supervised.stop();
});

test('the backoff doubles with each crash of the same child up to its longest, and starts anew when it held', async () => {
  const { service, group, start, happened, pass } = bench();
  const supervised = await start([
    group('g', 'one-for-one', [service('a'), service('b')], { intensity: { crashes: 9, within: seconds(30) } }),
  ]);
  const waits: number[] = [];
  for (let n = 0; n < 5; n++) {
    happened();
    service('a').crash();
    await settled();
    for (let wait = 0; ; wait++) {
      if (happened().includes('start a')) {
        waits.push(wait);
        break;
      }
      await pass(500);
    }
    if (n === 3) await pass(seconds(30));
  }
  assert.deepEqual(waits, [2, 4, 8, 8, 2]);
  await supervised.stop();
});

test('exactly as many crashes as the intensity allows are survived; one more gives up', async () => {
  const { service, group, start, pass } = bench();
  const supervised = await start([group('g', 'one-for-one', [service('a'), service('b')])]);
  for (let n = 0; n < 3; n++) {
    service('a').crash();
    await settled();
    await pass(4000);
  }
  assert.deepEqual(states(supervised.components()), { g: 'ok', a: 'ok', b: 'ok' });
  service('b').crash('last straw');
  await settled();
  assert.deepEqual(states(supervised.components()), { g: 'failed', a: 'off', b: 'failed' });
  assert.match(supervised.components()[0]?.message ?? '', /b: last straw; gave up/);
  await supervised.stop();
});

test('the window slides: a crash counts for exactly its length', async () => {
  for (const [gap, state] of [
    [0, 'ok'],
    [-1, 'failed'],
  ] as const) {
    const { service, group, start, pass } = bench();
    const supervised = await start([
      group('g', 'one-for-one', [service('a')], { intensity: { crashes: 1, within: seconds(10) } }),
    ]);
    service('a').crash();
    await settled();
    await pass(10_000 + gap);
    service('a').crash();
    await pass(1000);
    assert.equal(supervised.components()[0]?.state, state);
    await supervised.stop();
  }
});

test('setting the clock of the host does not touch the window', async () => {
  const { service, group, start, pass, clock } = bench();
  const supervised = await start([
    group('g', 'one-for-one', [service('a')], { intensity: { crashes: 1, within: seconds(10) } }),
  ]);
  service('a').crash();
  await pass(1000);
  clock.now = () => millis(Date.UTC(2040, 0, 1));
  service('a').crash();
  await settled();
  assert.equal(supervised.components()[0]?.state, 'failed');
  await supervised.stop();
});

test('a failing start is retried, and holds up what comes after it', async () => {
  const { service, group, start, happened, pass } = bench();
  service('a').starting = 'fails';
  const starting = start([group('g', 'one-for-one', [service('a'), service('b')])]);
  await settled();
  assert.deepEqual(happened(), ['start a', 'stop a']);
  service('a').starting = 'works';
  await pass(1000);
  const supervised = await starting;
  assert.deepEqual(happened(), ['start a', 'start b']);
  await supervised.stop();
});

test('a start that hangs has crashed when its limit is over', async () => {
  const { service, group, start, happened, pass } = bench();
  service('a').starting = 'hangs';
  const starting = start([group('g', 'one-for-one', [service('a')], { startLimit: seconds(5) })]);
  await pass(4999);
  assert.deepEqual(happened(), ['start a']);
  await pass(1);
  assert.deepEqual(happened(), ['stop a']);
  service('a').starting = 'works';
  await pass(1000);
  const supervised = await starting;
  assert.equal(supervised.components()[1]?.counters['crashes'], 1);
  service('a').release();
  await settled();
  assert.equal(supervised.components()[1]?.state, 'ok', 'what the abandoned start comes to means nothing');
  await supervised.stop();
});

test('a crash during the start waits for the start to end', async () => {
  const { service, group, start, happened, pass } = bench();
  service('a').starting = 'hangs';
  const starting = start([group('g', 'one-for-one', [service('a')])]);
  await settled();
  service('a').crash();
  await settled();
  assert.deepEqual(happened(), ['start a']);
  service('a').release();
  await settled();
  assert.deepEqual(happened(), ['stop a']);
  service('a').starting = 'works';
  await pass(1000);
  const supervised = await starting;
  assert.equal(service('a').overlaps, 0);
  await supervised.stop();
});

test('a crash is counted once a run, however often it is reported, and not from an earlier run', async () => {
  const { service, group, start, pass } = bench();
  const supervised = await start([group('g', 'one-for-one', [service('a')])]);
  for (let n = 0; n < 5; n++) service('a').crash();
  await pass(1000);
  for (let n = 0; n < 5; n++) service('a').crash('old', 1);
  await settled();
  const a = supervised.components()[1];
  assert.deepEqual([a?.state, a?.counters['crashes']], ['ok', 1]);
  await supervised.stop();
});

test('a crash during the stop changes nothing', async () => {
  const { service, group, start, happened, pass } = bench();
  const supervised = await start([group('g', 'one-for-one', [service('a'), service('b')])]);
  happened();
  service('b').stopping = 'hangs';
  const stopping = supervised.stop();
  await settled();
  service('b').crash();
  service('a').crash();
  await settled();
  service('b').release();
  await stopping;
  await pass(minutes(10));
  assert.deepEqual(happened(), ['stop b', 'stop a']);
});

test('a stop that hangs is abandoned after its limit, told, and the others are stopped', async () => {
  const { service, group, start, happened, pass, logged } = bench();
  const supervised = await start([group('g', 'one-for-one', [service('a'), service('b')], { stopLimit: seconds(3) })]);
  happened();
  service('b').stopping = 'hangs';
  service('a').stopping = 'fails';
  const stopping = supervised.stop();
  await pass(2999);
  assert.deepEqual(happened(), ['stop b']);
  await pass(1);
  await stopping;
  assert.deepEqual(happened(), ['stop a']);
  assert.deepEqual(
    logged.filter((line) => line.includes('not stopped')),
    ['b not stopped cleanly', 'a not stopped cleanly'],
  );
});

test('a stop during the start waits for the start, stops what was started, and the start is refused', async () => {
  const { service, group, start, happened } = bench();
  const abort = new AbortController();
  service('b').starting = 'hangs';
  const starting = start([group('g', 'one-for-one', ['a', 'b', 'c'].map(service))], abort.signal);
  await settled();
  abort.abort();
  await settled();
  assert.deepEqual(happened(), ['start a', 'start b']);
  service('b').release();
  await assert.rejects(starting, /aborted/);
  assert.deepEqual(happened(), ['stop b', 'stop a']);
  assert.equal(service('b').overlaps, 0);
});

test('a stop during a start that hangs waits for the stop limit, not for the start limit', async () => {
  const { service, group, start, happened, pass } = bench();
  const abort = new AbortController();
  service('a').starting = 'hangs';
  const starting = start(
    [group('g', 'one-for-one', [service('a')], { startLimit: minutes(5), stopLimit: seconds(2) })],
    abort.signal,
  );
  await settled();
  abort.abort();
  const refused = assert.rejects(starting, /aborted/);
  await pass(2000);
  await refused;
  assert.deepEqual(happened(), ['start a', 'stop a']);
});

test('a stop during a backoff ends it', async () => {
  const { service, group, start, happened, pass, clock } = bench();
  const supervised = await start([group('g', 'one-for-one', [service('a')])]);
  service('a').crash();
  await settled();
  happened();
  await supervised.stop();
  assert.equal(clock.pending, 0);
  await pass(minutes(10));
  assert.deepEqual(happened(), []);
});

test('a group that gives up and is not critical is marked failed, tried again, and never takes the root down', async () => {
  const { service, group, start, happened, pass } = bench();
  const supervised = await start([
    group('edges', 'one-for-one', [service('http')], { intensity: { crashes: 0, within: minutes(1) } }),
    group('others', 'one-for-one', [service('b')]),
  ]);
  const fatal: string[] = [];
  supervised.onFatal((cause) => fatal.push(cause));
  happened();
  service('http').crash('port taken');
  await settled();
  assert.deepEqual(states(supervised.components()), { edges: 'failed', http: 'failed', others: 'ok', b: 'ok' });
  assert.deepEqual(happened(), ['stop http']);
  await pass(minutes(5));
  assert.deepEqual(happened(), ['start http']);
  assert.equal(supervised.components()[0]?.state, 'ok');
  assert.deepEqual(fatal, []);
  await supervised.stop();
});

test('a group that is parked in a rest-for-one keeps what depends on it down until it is revived', async () => {
  const { service, group, start, happened, pass } = bench();
  const source = group('source', 'one-for-one', [service('a')], { intensity: NEVER, reviveAfter: seconds(20) });
  const supervised = await start([group('g', 'rest-for-one', [source, service('b')])]);
  happened();
  service('a').crash();
  await settled();
  assert.deepEqual(happened(), ['stop a', 'stop b']);
  await pass(20_000);
  assert.deepEqual(happened(), ['start a', 'start b']);
  await supervised.stop();
});

test('a start in which a group that is not critical gives up succeeds without it', async () => {
  const { service, group, start, pass } = bench();
  service('a').starting = 'fails';
  const starting = start([
    group('g', 'one-for-one', [service('a')], { intensity: { crashes: 1, within: minutes(1) } }),
    service('b'),
  ]);
  await pass(0);
  await pass(1000);
  const supervised = await starting;
  assert.deepEqual(states(supervised.components()), { g: 'failed', a: 'failed', b: 'ok' });
  await supervised.stop();
});

test('escalation: leaf, critical group, its critical parent up to its intensity, root, everything stopped', async () => {
  const { service, group, start, pass, happened } = bench();
  const once = { crashes: 1, within: minutes(1) };
  const inner = group('inner', 'one-for-one', [service('leaf')], { critical: true, intensity: once });
  const outer = group('outer', 'rest-for-one', [service('before'), inner, service('after')], {
    critical: true,
    intensity: once,
  });
  const supervised = await start([outer, service('last')]);
  const fatal: string[] = [];
  supervised.onFatal((cause) => fatal.push(cause));
  happened();
  service('leaf').crash('one');
  await pass(1000);
  assert.deepEqual(happened(), ['stop leaf', 'start leaf']);
  service('leaf').crash('two');
  await settled();
  assert.deepEqual(happened(), ['stop leaf', 'stop after'], 'inner gives up, outer takes the rest down');
  await pass(1000);
  assert.deepEqual(happened(), ['start leaf', 'start after']);
  service('leaf').crash('three');
  await pass(1000);
  happened();
  service('leaf').crash('four');
  await settled();
  assert.deepEqual(happened(), ['stop leaf', 'stop after', 'stop before', 'stop last']);
  assert.deepEqual(fatal, ['outer: inner: leaf: four']);
  const late: string[] = [];
  supervised.onFatal((cause) => late.push(cause));
  assert.equal(late.length, 1);
  await supervised.stop();
});

test('a start that fails for good is refused with what led to it, and everything is stopped', async () => {
  const { service, start, happened } = bench();
  service('b').starting = 'fails';
  await assert.rejects(start([service('a'), service('b'), service('c')]), /b: b cannot start/);
  assert.deepEqual(happened(), ['start a', 'start b', 'stop b', 'stop a']);
});

test('a service that throws at once is a service that failed', async () => {
  const { start } = bench();
  const thrower = {
    id: 'x',
    start: () => {
      throw new Error('at once');
    },
    stop: () => {
      throw new Error('too');
    },
  };
  await assert.rejects(start([thrower]), /x: at once/);
});

for (const [what, spec] of [
  ['two of one name', { children: ['a', 'a'].map((id) => new ScriptedService(id, [])) }],
  ['a negative intensity', { intensity: { crashes: -1, within: minutes(1) } }],
  ['an empty window', { intensity: { crashes: 1, within: millis(0) } }],
] as const)
  test(`${what} is refused`, () => {
    assert.throws(
      () => supervise({ id: 'g', strategy: 'one-for-one', intensity: NEVER, children: [], ...spec }),
      RangeError,
    );
  });
