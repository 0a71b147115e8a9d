import { linkSync, mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../programs.ts';
import type { Authority } from './authority.ts';

export interface BundlePlan {
  /** Image of the kernel slot. */
  readonly kernel: string;
  /** Image of the root slot. */
  readonly root: string;
  readonly version: string;
  /** What the appliance must be for it, e.g. `bartizan-amd64`. */
  readonly compatible: string;
  readonly authority: Authority;
  /** Seconds since 1970 that its files bear. */
  readonly epoch: number;
  /** Folder for what is made on the way, on the file system of the images. */
  readonly work: string;
  readonly out: string;
}

/**
 * rauc's manifest. `block-hash-index` lets an appliance that fetches the bundle over HTTP take the blocks it has from its
 * own slots.
 */
export const manifestOf = ({ compatible, version }: Pick<BundlePlan, 'compatible' | 'version'>): string => `[update]
compatible=${compatible}
version=${version}
description=Bartizan ${version}

[bundle]
format=verity

[image.kernel]
filename=kernel.img
adaptive=block-hash-index

[image.rootfs]
filename=root.img
adaptive=block-hash-index
`;

/** What is in it is compressed already. */
const PACKING = '-comp zstd -Xcompression-level 3';

/**
 * The update bundle: both slots' images, signed. @returns `plan.out`
 * @throws when rauc does not make it, or does not itself accept what it made
 */
export async function makeBundle(plan: BundlePlan): Promise<string> {
  const { work, out, authority } = plan;
  rmSync(work, { recursive: true, force: true });
  rmSync(out, { force: true });
  mkdirSync(work, { recursive: true });
  linkSync(plan.kernel, join(work, 'kernel.img'));
  linkSync(plan.root, join(work, 'root.img'));
  writeFileSync(join(work, 'manifest.raucm'), manifestOf(plan));
  for (const name of ['kernel.img', 'root.img', 'manifest.raucm', '.'])
    utimesSync(join(work, name), plan.epoch, plan.epoch);
  const settings = join(work, '..', 'rauc.conf');
  writeFileSync(
    settings,
    `[system]\ncompatible=${plan.compatible}\nbootloader=noop\n\n[keyring]\npath=${authority.ca}\ncheck-purpose=codesign\n`,
  );
  const trust = [`--conf=${settings}`, `--keyring=${authority.ca}`];
  const signed = [`--cert=${authority.certificate}`, `--key=${authority.key}`];
  await run('rauc', [`--conf=${settings}`, ...signed, `--mksquashfs-args=${PACKING}`, 'bundle', work, out]);
  await run('rauc', [...trust, 'info', out]);
  if (statSync(out).size === 0) throw new Error(`${out} is empty`);
  rmSync(work, { recursive: true });
  return out;
}
