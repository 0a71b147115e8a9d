import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The checkout, whether this runs from `dist/` or from the sources. */
export const CHECKOUT = checkoutOf(import.meta.dirname);

function checkoutOf(folder: string): string {
  return existsSync(join(folder, 'package-lock.json')) ? folder : checkoutOf(dirname(folder));
}

/** The product's version, as package.json has it. */
export function productVersion(): string {
  return (JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { version: string }).version;
}

/**
 * The moment, in seconds since 1970, that everything built bears: `SOURCE_DATE_EPOCH`, else the time of the last commit.
 * @throws when the variable is no number, or there is neither it nor a commit
 */
export function sourceDateEpoch(): number {
  const given = process.env['SOURCE_DATE_EPOCH'];
  const text = given ?? execFileSync('git', ['-C', CHECKOUT, 'log', '-1', '--format=%ct'], { encoding: 'utf8' }).trim();
  if (!/^\d{1,11}$/.test(text)) throw new Error(`SOURCE_DATE_EPOCH is no number of seconds: ${text}`);
  return Number(text);
}
