import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const writer = fileURLToPath(new URL('../support/log-writer.js', import.meta.url));
const start = (lines: number, command = process.execPath, ...args: string[]) =>
  spawn(command, [...args, ...process.execArgv, writer], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LINES: String(lines) },
  });

test('every line is out when the process ends', async () => {
  const child = start(500);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const lines = err
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { n: number });
  assert.deepEqual(
    lines.map(({ n }) => n),
    Array.from({ length: 500 }, (_, n) => n),
  );
  assert.equal(out, 'lost 0\n');
});

test('the program goes on when standard error is closed at the other end', async () => {
  const child = start(2000);
  child.stderr.destroy();
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  assert.match(out, /^lost \d+\n$/);
  assert.equal(code, 0);
});

test('the program goes on when standard error was never open', async () => {
  const child = start(10, '/bin/sh', '-c', 'exec "$0" "$@" 2>&-', process.execPath);
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  assert.match(out, /^lost \d+\n$/);
  assert.equal(code, 0);
});
