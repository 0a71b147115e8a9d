import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AMD64 } from './architecture.ts';
import { assemble, BUILD, defaultVersion } from './assemble.ts';
import { findMirror, resolveNewest } from './rootfs/archive.ts';
import { formatLock } from './rootfs/lock.ts';
import { parseWanted } from './rootfs/wanted.ts';
import { CHECKOUT } from './tree/checkout.ts';

const [mode = 'build'] = process.argv.slice(2);
if (mode === 'lock') {
  const wanted = parseWanted(readFileSync(join(CHECKOUT, 'image/rootfs/packages'), 'utf8'));
  if (!wanted.ok) throw new Error(wanted.public);
  const pins = await resolveNewest(join(BUILD, 'apt'), await findMirror(), AMD64, wanted.value);
  writeFileSync(join(CHECKOUT, 'image/packages.lock'), formatLock(pins));
} else {
  await assemble({ version: defaultVersion() });
}
