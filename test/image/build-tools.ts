import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AMD64 } from '../../image/architecture.ts';
import { BUILD } from '../../image/assemble.ts';
import { releaseNames } from '../../image/release.ts';
import { findMirror } from '../../image/rootfs/archive.ts';
import { productVersion } from '../../image/tree/checkout.ts';
import { isThere } from './tools.ts';

const PROGRAMS = ['mmdebstrap', 'mksquashfs', 'veritysetup', 'rauc', 'sfdisk', 'debugfs', 'grub-mkimage'];

/** Why there is no image, nor can one be built, in a sentence; undefined where there is one. */
export async function noImage(): Promise<string | undefined> {
  if (existsSync(join(BUILD, releaseNames(productVersion(), AMD64.debian).disk))) return undefined;
  const missing = PROGRAMS.filter((program) => !isThere(program));
  if (missing.length > 0) return `no image was built, and to build one these are missing: ${missing.join(', ')}`;
  return findMirror().then(
    () => undefined,
    (cause: Error) => `no image was built, and there is no mirror to build one from: ${cause.message}`,
  );
}
