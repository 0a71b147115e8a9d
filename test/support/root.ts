import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The checkout, whether this runs from `dist/` or from the sources. */
export const ROOT = checkoutOf(import.meta.dirname);

function checkoutOf(folder: string): string {
  return existsSync(join(folder, 'package-lock.json')) ? folder : checkoutOf(dirname(folder));
}
