import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const SECONDS = process.env['BARTIZAN_HARNESS_SECONDS'] ?? '3';
const BUILD = resolve(import.meta.dirname, '../../../native/blocks/harness/build.sh');

test('the engine under AddressSanitizer and UBSan packs sound columns and refuses damaged ones', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-harness-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const harness = join(folder, 'harness');
  const built = spawnSync('sh', [BUILD, harness], { encoding: 'utf8' });
  assert.equal(built.status, 0, built.stderr);
  const seed = process.env['BARTIZAN_HARNESS_SEED'] ?? String(process.pid);
  const ran = spawnSync(harness, [SECONDS, seed], { encoding: 'utf8' });
  assert.equal(ran.status, 0, `seed ${seed}\n${ran.stderr}`);
  const { done, refused } = JSON.parse(ran.stdout) as { readonly done: number; readonly refused: number };
  assert.ok(done > 20 && refused > 20, ran.stdout);
});
