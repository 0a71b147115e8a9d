import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../../../actors/log/index.ts';
import type { LogLevel } from '../../../../core/base/ports.ts';
import { fc } from '../../../support/random.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

function bench({ isTerminal = false, level = 'info' as LogLevel, secrets = [] as string[] } = {}) {
  const lines: string[] = [];
  const pipe = { open: true };
  const output = {
    isTerminal,
    write: (line: string) => {
      if (pipe.open) lines.push(line);
      return pipe.open;
    },
  };
  const made = createLog({ clock: new SimulatedClock(), level, secrets, output });
  return { ...made, pipe, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') };
}

test('one JSON object a line: time, level, message, and what it is about', () => {
  const { log, last, lines } = bench();
  log('warn', 'disk is slow', { ms: 1200, path: '/x' });
  assert.deepEqual(last(), {
    level: 'warn',
    time: '2026-01-01T00:00:00.000Z',
    message: 'disk is slow',
    ms: 1200,
    path: '/x',
  });
  assert.match(lines[0] ?? '', /^[^\n]*\n$/);
});

test('lines below the level are not made; the level can be changed', () => {
  const { log, lines, setLevel } = bench();
  log('debug', 'a');
  setLevel('debug');
  log('debug', 'b');
  setLevel('error');
  log('warn', 'c');
  assert.equal(lines.length, 1);
});

test('declared secrets never come out, at any depth, in any case', () => {
  const { log, lines } = bench({ secrets: ['metrics_token'] });
  log('info', 'request', {
    Authorization: 'Bearer hunter2',
    config: { metrics_token: 'hunter2', tokens: [{ name: 'a', token: 'hunter2' }] },
    headers: [{ cookie: 'hunter2' }],
    error: Object.assign(new Error('x'), { cause: { password: 'hunter2' } }),
  });
  assert.ok(!lines.join('').includes('hunter2'));
  assert.ok(lines.join('').includes('[redacted]'));
});

test('nothing a stranger wrote moves the terminal, ends a line, or turns the text round', () => {
  for (const isTerminal of [false, true]) {
    const { log, lines } = bench({ isTerminal });
    const text = fc.string({
      unit: fc.constantFrom(
        'a',
        '\n',
        '\r',
        '\u001b',
        '\u009b',
        '\u202e',
        '\u2028',
        '\u200b',
        '\u007f',
        '\ud800',
        '\0',
      ),
    });
    fc.assert(
      fc.property(text, text, (key, value) => {
        lines.length = 0;
        log('info', value, { [key]: value, nested: [{ [key]: value }], error: new Error(value) });
        const [line, ...more] = lines;
        assert.deepEqual(more, []);
        assert.match(line ?? '', /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]*\n$/u);
      }),
    );
  }
});

test('a field that is called like one of the line itself stands beside it', () => {
  const { log, lines } = bench();
  log('info', 'changed', { level: 'debug', time: 1 });
  assert.deepEqual(Object.keys(JSON.parse(lines[0] ?? '')), ['level', 'time', '_level', '_time', 'message']);
  assert.equal(lines[0]?.match(/"level"/g)?.length, 1);
});

test('people get short lines', () => {
  const { log, lines } = bench({ isTerminal: true });
  log('error', 'crashed', { component: 'http', cause: { code: 'EADDRINUSE' } });
  assert.deepEqual(lines, ['00:00:00.000 ERROR crashed component=http cause={"code":"EADDRINUSE"}\n']);
});

test('a reader that is gone is no error; what was lost is told when one is back', () => {
  const { log, pipe, last, lost } = bench();
  pipe.open = false;
  for (const n of [1, 2, 3]) log('info', 'gone', { n });
  pipe.open = true;
  log('info', 'back');
  assert.equal(last().linesLost, 3);
  assert.equal(lost(), 3);
  log('info', 'on');
  assert.equal(last().linesLost, undefined);
});

test('whatever it is given, it writes a line and does not throw', () => {
  const { log, lines } = bench();
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  const throwing = {
    get x() {
      throw new Error('getter');
    },
  };
  const odd = [
    cycle,
    throwing,
    { a: 1n, f: () => 1, s: Symbol('s'), u: undefined },
    { bytes: new Uint8Array(9) },
    { long: 'x'.repeat(1e6) },
    { many: Array(1e5).fill(0) },
  ];
  for (const about of odd) log('info', 'odd', about);
  fc.assert(fc.property(fc.object(), (about) => log('info', 'any', about)));
  assert.ok(lines.length >= odd.length);
  assert.ok(Math.max(...lines.map((line) => line.length)) < 20_000);
});

test('an error is written with its code, its causes and the head of its stack', () => {
  const { log, last } = bench();
  log('error', 'failed', {
    error: new Error('outer', { cause: Object.assign(new Error('inner'), { code: 'ENOSPC' }) }),
  });
  assert.equal(last().error.message, 'outer');
  assert.equal(last().error.cause.code, 'ENOSPC');
  assert.ok(last().error.stack.length <= 8);
});
