import { execFile } from 'node:child_process';
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AMD64 } from '../../image/architecture.ts';
import { assemble, BUILD, declaredPackages } from '../../image/assemble.ts';
import { releaseNames } from '../../image/release.ts';
import { findMirror, resolveNewest } from '../../image/rootfs/archive.ts';
import { parseLock } from '../../image/rootfs/lock.ts';
import { CHECKOUT, productVersion } from '../../image/tree/checkout.ts';

const run = promisify(execFile);

export interface ImageUnderTest {
  /** Raw. */
  readonly image: string;
  readonly version: string;
}

/** The image of this checkout's version as it was built, unpacked once; built first where there is none. */
export async function imageUnderTest(folder: string, say: (line: string) => void): Promise<ImageUnderTest> {
  const version = productVersion();
  const packed = join(BUILD, releaseNames(version, AMD64.debian).disk);
  if (!existsSync(packed)) {
    const pins = parseLock(readFileSync(join(CHECKOUT, 'image/packages.lock'), 'utf8'));
    if (!pins.ok) throw new Error(pins.public);
    say(`building the image, since there is no ${packed}`);
    await assemble({ version, pins: pins.value, fast: true }, say).catch(async (cause: Error) => {
      // Debian's mirror drops what it has newer: no reason to try nothing.
      say(`not as pinned: ${cause.message}`);
      const newest = await resolveNewest(join(BUILD, 'apt'), await findMirror(), AMD64, declaredPackages());
      await assemble({ version, pins: newest, fast: true }, say);
    });
  }
  const image = join(folder, 'disk.img');
  if (!existsSync(image) || statSync(image).mtimeMs < statSync(packed).mtimeMs) {
    await run('zstd', ['--quiet', '--force', '--decompress', '--sparse', packed, '-o', `${image}.new`]);
    await run('touch', [`${image}.new`]);
    renameSync(`${image}.new`, image);
  }
  return { image, version };
}
