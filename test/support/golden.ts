import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from './root.ts';

/** How every golden file is made anew; a stale one says so. */
export const RENEW = 'BARTIZAN_RENEW_GOLDENS=1 npm run check -- unit';

/** Compares with the committed file at `path` under the checkout, or rewrites it when asked to (see {@link RENEW}). */
export function golden(path: string, text: string): void {
  const file = join(ROOT, path);
  if (process.env['BARTIZAN_RENEW_GOLDENS'] === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return;
  }
  assert.equal(text, readFileSync(file, 'utf8'), `${path} is stale; renew it: ${RENEW}`);
}
