import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { succeeds } from '../support/gate/processes.ts';

/** Whether a process has ended; one that nobody has waited for yet counts as ended. */
function hasEnded(pid: string): boolean {
  try {
    return /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}

test('what a test process started ends with it, in time or out of it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-gate-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'pid');
  for (const [script, good] of [
    [`sleep 1000 & echo $! >${file}`, true],
    [`sleep 1000 & echo $! >${file}; exit 1`, false],
    [`sleep 1000 & echo $! >${file}; wait`, false],
  ] as const) {
    assert.equal(await succeeds('sh', ['-c', script], 500), good, script);
    const pid = readFileSync(file, 'utf8').trim();
    const deadline = Date.now() + 5000;
    while (!hasEnded(pid) && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(hasEnded(pid), script);
  }
});

test('a command that does not start has not succeeded', async () => {
  assert.equal(await succeeds('/no/such/command', [], 500), false);
});
