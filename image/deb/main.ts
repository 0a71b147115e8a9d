/** `npm run image -- deb`: the package for a plain Debian host, into build/image/. */
import { statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CHECKOUT } from '../tree/checkout.ts';
import { makePackage } from './package.ts';

/** Makes the package and says where it is. */
export async function imageDeb(): Promise<void> {
  const made = await makePackage({ folder: join(CHECKOUT, 'build/image') });
  process.stdout.write(`${relative(CHECKOUT, made)} ${(statSync(made).size / 1e6).toFixed(1)} MB\n`);
}

if (import.meta.main) await imageDeb();
