import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root.ts';

/**
 * Text of a reference file that lies beside the checkout, or wherever `BARTIZAN_SHARED` says. The product does without:
 * a test that finds none skips.
 */
export function sharedFile(path: string): string | undefined {
  const file = join(process.env['BARTIZAN_SHARED'] ?? join(ROOT, '../shared'), path);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
