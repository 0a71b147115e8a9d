import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';

const SECONDS = process.env['BARTIZAN_HARNESS_SECONDS'] ?? '3';

/** Builds the harness of an addon's engine under AddressSanitizer and UBSan, and runs it. @returns the numbers it tells of */
export function sanitized(t: TestContext, engine: string): Readonly<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-harness-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const harness = join(folder, 'harness');
  const recipe = resolve(import.meta.dirname, `../../../native/${engine}/harness/build.sh`);
  const built = spawnSync('sh', [recipe, harness], { encoding: 'utf8' });
  assert.equal(built.status, 0, built.stderr);
  const seed = process.env['BARTIZAN_HARNESS_SEED'] ?? String(process.pid);
  const ran = spawnSync(harness, [SECONDS, seed], { encoding: 'utf8' });
  assert.equal(ran.status, 0, `seed ${seed}\n${ran.stderr}`);
  return JSON.parse(ran.stdout);
}
