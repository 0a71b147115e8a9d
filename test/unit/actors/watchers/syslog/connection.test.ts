import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection } from '../../../../../actors/watchers/syslog/connection.ts';
import { Intake } from '../../../../../actors/watchers/syslog/intake.ts';
import { LineMaker } from '../../../../../actors/watchers/syslog/lines.ts';
import { unproven } from '../../../../../actors/watchers/syslog/sender.ts';
import { hours, millis, seconds } from '../../../../../core/base/time.ts';
import { UTC } from '../../../../../core/event/syslog-time.ts';
import { settled } from '../../../../support/settled.ts';
import { SimulatedClock } from '../../../../support/simulated-clock.ts';

const PATIENCE = { idle: hours(1), message: seconds(30) };

function bench(queueLines = 100) {
  const clock = new SimulatedClock();
  const taken: string[] = [];
  const calls: string[] = [];
  const sink = { gate: Promise.resolve() };
  const intake = new Intake({
    parser: 'sshd',
    clock,
    limits: { batchLines: 10, queueLines, queueChars: 1000 },
    hindered: () => {},
    sink: {
      submit: async ({ lines }) => {
        await sink.gate;
        taken.push(...lines.map(({ text }) => text));
      },
    },
  });
  const counters = { lines: 0, bytes: 0, tooLong: 0, cutOff: 0, hostsReplaced: 0 };
  const stream = {
    peer: { address: '192.0.2.1', port: 1 },
    pause: () => void calls.push('pause'),
    resume: () => void calls.push('resume'),
    destroy: () => void calls.push('destroy'),
  };
  const connection = new Connection(stream, unproven('192.0.2.1'), {
    clock,
    intake,
    lines: new LineMaker({ clock, zone: UTC, source: 'net' }),
    counters,
    grew: () => void calls.push('grew'),
    closed: () => void calls.push('closed'),
  });
  const send = (text: string): void => connection.data(Buffer.from(text));
  const wait = (length: number): string | undefined => {
    clock.advance(length);
    return connection.overdue(millis(clock.now()), PATIENCE);
  };
  return { clock, taken, calls, sink, intake, counters, connection, send, wait };
}

test('the sender is held until its lines are taken', async () => {
  const { send, calls, taken, sink } = bench();
  const gate = Promise.withResolvers<void>();
  sink.gate = gate.promise;
  send('one\ntwo\n');
  await settled();
  assert.deepEqual([calls, taken], [['pause'], []]);
  gate.resolve();
  await settled();
  assert.deepEqual(
    [calls, taken],
    [
      ['pause', 'resume'],
      ['one', 'two'],
    ],
  );
});

test('a chunk without a whole message holds nobody', () => {
  const { send, calls, connection } = bench();
  send('on');
  assert.deepEqual([calls, connection.held], [['grew'], 2]);
});

test('a chunk that finds no room waits as bytes, and is cut in its turn', async () => {
  const { send, intake, taken, sink, calls, connection } = bench(1);
  const gate = Promise.withResolvers<void>();
  sink.gate = gate.promise;
  send('one\n');
  calls.length = 0;
  send('two\nthr');
  assert.deepEqual([calls, intake.waiting], [['pause'], 1]);
  connection.closed();
  gate.resolve();
  await settled();
  assert.deepEqual(taken, ['one', 'two']);
});

test('room that comes for a chunk without a whole message lets the sender go on', async () => {
  const { send, sink, calls } = bench(1);
  const gate = Promise.withResolvers<void>();
  sink.gate = gate.promise;
  send('one\n');
  calls.length = 0;
  send('tw');
  gate.resolve();
  await settled();
  assert.deepEqual([...new Set(calls)], ['pause', 'grew', 'resume']);
});

test('silence, and silence within a message, are borne for as long as declared', () => {
  const { send, wait } = bench();
  assert.equal(wait(PATIENCE.idle - 1), undefined);
  assert.equal(wait(1), 'idle');
  send('on');
  assert.equal(wait(PATIENCE.message - 1), undefined);
  send('e');
  assert.equal(wait(1), 'slow');
});

test('each message begins its own time', async () => {
  const { send, wait } = bench();
  send('on');
  wait(PATIENCE.message - 1);
  send('e\ntw');
  await settled();
  assert.equal(wait(PATIENCE.message - 1), undefined);
  assert.equal(wait(1), 'slow');
});

test('time in which we make the sender wait does not count', async () => {
  const { send, wait, sink } = bench();
  const gate = Promise.withResolvers<void>();
  sink.gate = gate.promise;
  send('one\ntw');
  assert.equal(wait(2 * PATIENCE.idle), undefined);
  gate.resolve();
  await settled();
  assert.equal(wait(PATIENCE.message - 1), undefined);
  assert.equal(wait(1), 'slow');
});

for (const [text, ends, expected, cutOff] of [
  ['one\ntwo', 'end', ['one', 'two'], 0],
  ['one\n9 <tw', 'end', ['one'], 1],
  ['one\ntwo', 'break', ['one'], 1],
  ['one\n', 'break', ['one'], 0],
] as const)
  test(`${JSON.stringify(text)}, then an ${ends}: ${expected.join()} and ${cutOff} cut off`, async () => {
    const { send, connection, taken, counters, calls } = bench();
    send(text);
    await settled();
    if (ends === 'end') connection.end();
    connection.closed();
    await settled();
    assert.deepEqual([taken, counters.cutOff, calls.at(-1)], [expected, cutOff, 'closed']);
  });
