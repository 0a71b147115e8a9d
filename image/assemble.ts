import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AMD64, type Architecture } from './architecture.ts';
import { declarationOf } from './declaration.ts';
import { run } from './programs.ts';
import { fetchPinned, findMirror } from './rootfs/archive.ts';
import { configure } from './rootfs/configure.ts';
import { installPackages } from './rootfs/install.ts';
import { type Kernel, placeKernel } from './rootfs/kernel.ts';
import { fileOf, type Pin, parseLock } from './rootfs/lock.ts';
import { dropSetuid, prune, removePackages } from './rootfs/prune.ts';
import { squash } from './rootfs/squash.ts';
import { CHECKOUT, productVersion, sourceDateEpoch } from './tree/checkout.ts';
import { installTree } from './tree/tree.ts';

export const BUILD = join(CHECKOUT, 'build/image');

export interface Order {
  readonly version: string;
  readonly overlay?: string;
}

export async function assemble(order: Order): Promise<void> {
  const architecture: Architecture = AMD64;
  const sources = join(CHECKOUT, 'image/rootfs');
  const text = (name: string): string => readFileSync(join(sources, name), 'utf8');
  const parsed = parseLock(readFileSync(join(CHECKOUT, 'image/packages.lock'), 'utf8'));
  if (!parsed.ok) throw new Error(parsed.public);
  const pins = parsed.value;
  const debs = join(BUILD, 'debs');
  await fetchPinned(debs, pins, findMirror);
  const work = join(BUILD, 'work', order.version);
  const root = join(work, 'root');
  mkdirSync(work, { recursive: true });
  console.error('packages');
  await installPackages(root, join(work, 'repository'), debs, pins, architecture, join(sources, 'accounts.conf'));
  console.error('kernel');
  const deb = (name: RegExp): Pin => {
    const pin = pins.find((one) => name.test(one.name));
    if (pin === undefined) throw new Error(`no ${name} in packages.lock`);
    return pin;
  };
  const kernel: Kernel = await placeKernel(
    join(debs, fileOf(deb(/^linux-image-/))),
    text('modules'),
    join(work, 'kernel'),
    root,
  );
  renameSync(kernel.vmlinuz, join(work, 'vmlinuz'));
  const grub = join(work, 'grub');
  await run('dpkg-deb', ['--extract', join(debs, fileOf(deb(/^grub-common$/))), grub]);
  renameSync(join(grub, 'usr/bin/grub-editenv'), join(root, 'usr/bin/grub-editenv'));
  console.error('configure');
  await installTree(root, 'appliance');
  await configure(
    root,
    sources,
    { version: order.version, architecture, lab: true },
    join(CHECKOUT, 'image/lab-ca/ca.pem'),
  );
  removePackages(root, pins);
  for (const pattern of prune(root, declarationOf(text('pruned')))) console.error(`pruned names nothing: ${pattern}`);
  dropSetuid(root);
  console.error('squash');
  const verity = await squash(root, join(work, 'root.img'), {
    version: order.version,
    epoch: sourceDateEpoch(),
    level: 15,
  });
  writeFileSync(join(work, 'verity.json'), `${JSON.stringify(verity, null, 2)}\n`);
  rmSync(join(work, 'kernel'), { recursive: true });
}

export const defaultVersion = productVersion;
