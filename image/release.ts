import { createHash } from 'node:crypto';
import { createReadStream, statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from './programs.ts';

/** What `npm run image` makes, by what it is for. */
export interface Release {
  readonly disk: string;
  readonly blockMap: string;
  readonly signature: string;
  readonly bundle: string;
  readonly bom: string;
  readonly licences: string;
  readonly sums: string;
  readonly report: string;
}

/** The names of the files of a release. */
export function releaseNames(version: string, architecture: string): Release {
  const name = `bartizan-${version}-${architecture}`;
  return {
    disk: `${name}.img.zst`,
    blockMap: `${name}.img.bmap`,
    signature: `${name}.img.zst.sig`,
    bundle: `${name}.raucb`,
    bom: `${name}.cdx.json`,
    licences: `${name}.licences.txt`,
    sums: 'SHA256SUMS',
    report: `${name}.report.json`,
  };
}

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Writes what `sha256sum --check` reads. */
export async function writeSums(files: readonly string[], out: string): Promise<void> {
  const lines = await Promise.all(files.map(async (file) => `${await sha256Of(file)}  ${basename(file)}\n`));
  writeFileSync(out, lines.join(''));
}

/** In a window that spans the ESP and slot A, whose kernels are the same; what reads it needs 128 MiB, no more. */
const WINDOW = 27;

/** The same disk gives the same bytes, whatever the number of processors. */
export async function compress(disk: string, out: string, level: number): Promise<void> {
  await run('zstd', ['--quiet', '--force', `-${level}`, `--long=${WINDOW}`, '-T0', disk, '-o', out]);
}

export const sizesOf = (files: Readonly<Record<string, string>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(files).map(([name, file]) => [name, statSync(file).size]));
