import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { noGuest } from '../image/tools.ts';
import { ROOT } from '../support/root.ts';

const run = promisify(execFile);

/** Every program that building takes and the tests of other things do not. */
const BUILDERS = ['mmdebstrap', 'mksquashfs', 'veritysetup', 'grub-mkimage', 'sfdisk', 'rauc', 'zstd'];
const missing = BUILDERS.filter((name) => !['/usr/bin', '/usr/sbin', '/sbin'].some((at) => existsSync(join(at, name))));
const skip = noGuest() ?? (missing.length === 0 ? false : `missing: ${missing.join(', ')} (profile image-test)`);

const image = (...words: readonly string[]) =>
  run(process.execPath, [...process.execArgv, join(ROOT, 'dist/image/main.js'), ...words], {
    cwd: ROOT,
    maxBuffer: 1 << 26,
  });

/** The image of this checkout. Where the mirror has moved on since packages were pinned, with what it has now. */
async function build(): Promise<void> {
  const pinned = await image('--fast').then(
    () => undefined,
    (refused: { readonly stderr: string }) => refused.stderr,
  );
  if (pinned === undefined) return;
  assert.match(pinned, /packages\.lock|mirror/, `the image cannot be built:\n${pinned}`);
  await image('--fast', '--newest');
}

test('the image is built, boots, is claimed at its console, and blocks', { skip }, async (t) => {
  await build();
  const { stdout, stderr } = await image('test', 'ready', 'claim', 'block').catch(
    (refused: { readonly stdout: string; readonly stderr: string }) => refused,
  );
  t.diagnostic(stdout.trim());
  const { passed, failed } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}');
  assert.deepEqual([passed, failed], [3, 0], stderr);
});
