import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const SECONDS = process.env['BARTIZAN_HARNESS_SECONDS'] ?? '3';
const BUILD = resolve(import.meta.dirname, '../../../native/lines/harness/build.sh');

test('the engine under AddressSanitizer and UBSan reads usual lines and leaves damaged ones', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-harness-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const harness = join(folder, 'harness');
  const built = spawnSync('sh', [BUILD, harness], { encoding: 'utf8' });
  assert.equal(built.status, 0, built.stderr);
  const seed = process.env['BARTIZAN_HARNESS_SEED'] ?? String(process.pid);
  const ran = spawnSync(harness, [SECONDS, seed], { encoding: 'utf8' });
  assert.equal(ran.status, 0, `seed ${seed}\n${ran.stderr}`);
  const { read, left } = JSON.parse(ran.stdout) as { readonly read: number; readonly left: number };
  assert.ok(read > 20 && left > 20, ran.stdout);
});
