import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Extent, mapOf } from '../actors/flash/index.ts';
import { formatBmap } from '../core/image/bmap.ts';
import { AMD64, type Architecture } from './architecture.ts';
import { makeDisk } from './boot/disk.ts';
import { makeInitramfs } from './boot/initramfs.ts';
import { makeKernelSlot, type Verity } from './boot/kernel-slot.ts';
import { type Authority, findAuthority, signFile, verifyFile } from './bundle/authority.ts';
import { makeBundle } from './bundle/bundle.ts';
import { declarationOf } from './declaration.ts';
import { COMPATIBLE, partition } from './layout.ts';
import { run } from './programs.ts';
import { compress, releaseNames, sha256Of, sizesOf, writeSums } from './release.ts';
import { fetchPinned, findMirror } from './rootfs/archive.ts';
import { type Base, makeBase } from './rootfs/base.ts';
import { configure } from './rootfs/configure.ts';
import type { Pin } from './rootfs/lock.ts';
import { prune } from './rootfs/prune.ts';
import { squash } from './rootfs/squash.ts';
import { parseWanted, type Wanted } from './rootfs/wanted.ts';
import { npmInventory, ownInventory } from './sbom/collect.ts';
import { bomOf } from './sbom/cyclonedx.ts';
import { licencesText } from './sbom/licences.ts';
import { Steps } from './steps.ts';
import { LAB } from './tree/authority.ts';
import { CHECKOUT, sourceDateEpoch } from './tree/checkout.ts';
import { type InstalledTree, installTree } from './tree/tree.ts';

export const BUILD = join(CHECKOUT, 'build/image');
export const ROOTFS = join(CHECKOUT, 'image/rootfs');
/** The compiler leaves them where they are. */
const SCRIPTS = join(CHECKOUT, 'image/boot');

export interface BuildPlan {
  readonly version: string;
  readonly pins: readonly Pin[];
  /** A folder that is copied over the root before that is squashed. */
  readonly overlay?: string;
  /** A larger root sooner. */
  readonly fast?: boolean;
}

interface Site {
  readonly plan: BuildPlan;
  readonly architecture: Architecture;
  readonly authority: Authority;
  readonly epoch: number;
  readonly steps: Steps;
  /** `build/image/work/VERSION`. */
  readonly work: string;
}

/** zstd's levels for the root: 100 MB in 40 s of a processor, or 109 MB in 3 s. */
const ROOT_LEVEL = { small: 15, fast: 6 } as const;
/** Nearly all of the disk is compressed already. */
const DISK_LEVEL = 3;
/** Of the initramfs alone; the running system has no use for it. */
const NOT_IN_ROOT: readonly string[] = ['usr/bin/busybox'];

/** What `image/rootfs/packages` asks for. */
export function declaredPackages(): readonly Wanted[] {
  const wanted = parseWanted(readFileSync(join(ROOTFS, 'packages'), 'utf8'));
  if (!wanted.ok) throw new Error(`image/rootfs/packages: ${wanted.public}`);
  return wanted.value;
}

/** The version's own root: the base, the program, the settings, the overlay. */
async function makeRoot({ plan, architecture, authority, work }: Site, base: Base): Promise<InstalledTree> {
  const root = join(work, 'root');
  rmSync(root, { recursive: true, force: true });
  await run('cp', ['--archive', '--reflink=auto', base.root, root]);
  const tree = await installTree(root, 'appliance');
  await configure(root, ROOTFS, { version: plan.version, architecture, lab: authority.isLab }, authority.trusted);
  prune(root, declarationOf(readFileSync(join(ROOTFS, 'pruned'), 'utf8')));
  if (plan.overlay !== undefined) cpSync(plan.overlay, root, { recursive: true, verbatimSymlinks: true });
  return tree;
}

interface Images {
  readonly verity: Verity;
  readonly kernel: string;
  readonly root: string;
  readonly recovery: { readonly vmlinuz: string; readonly initrd: string };
}

async function makeImages({ plan, epoch, steps, work }: Site, vmlinuz: string): Promise<Images> {
  const at = (name: string): string => join(work, name);
  const { version } = plan;
  const root = at('root');
  const initramfs = (kind: 'slot' | 'recovery', out: string): Promise<string> =>
    steps.run(`initramfs of the ${kind}`, () =>
      makeInitramfs({ root, kind, version, epoch, out: at(out), scripts: SCRIPTS }),
    );
  const [verity, initrd, recovery] = await Promise.all([
    steps.run('squashfs and hash tree', () =>
      squash(root, at('root.img'), {
        version,
        epoch,
        level: ROOT_LEVEL[plan.fast === true ? 'fast' : 'small'],
        without: NOT_IN_ROOT,
      }),
    ),
    initramfs('slot', 'initrd.img'),
    initramfs('recovery', 'recovery.img'),
  ]);
  writeFileSync(at('verity.json'), `${JSON.stringify(verity, null, 2)}\n`);
  const kernel = await steps.run('kernel slot', () =>
    makeKernelSlot({ vmlinuz, initrd, verity, version, epoch, out: at('kernel.img') }),
  );
  return { verity, kernel, root: at('root.img'), recovery: { vmlinuz, initrd: recovery } };
}

/**
 * What of the disk nobody reads: the slot that is still empty, and behind what fills the other one. Where the empty slot's
 * kernel would begin is written: of a disk that was an appliance's before, the recovery would take it for a version.
 */
function unusedOf(images: { readonly kernel: string; readonly root: string }): readonly Extent[] {
  const filled = {
    'kern-A': statSync(images.kernel).size,
    'root-A': statSync(images.root).size,
    'kern-B': MIB,
    'root-B': 0,
  };
  return (['kern-A', 'root-A', 'kern-B', 'root-B'] as const).map((name) => {
    const { startMiB, sizeMiB } = partition(name);
    return [startMiB * MIB + filled[name], (startMiB + sizeMiB) * MIB];
  });
}

const MIB = 2 ** 20;

/** Disk, its block map and signature, and the bundle, in `out`. */
async function makeRelease(
  { plan, architecture, authority, epoch, steps, work }: Site,
  images: Images,
  out: string,
): Promise<void> {
  const names = releaseNames(plan.version, architecture.debian);
  const at = (name: string): string => join(out, name);
  const disk = join(work, basename(names.disk, '.zst'));
  const { kernel, root, recovery } = images;
  await Promise.all([
    steps.run('bundle', () =>
      makeBundle({
        ...{ kernel, root, version: plan.version, compatible: COMPATIBLE, authority, epoch },
        ...{ work: join(work, 'bundle'), out: at(names.bundle) },
      }),
    ),
    (async () => {
      await steps.run('disk', () => makeDisk({ kernel, root, recovery, epoch, work: join(work, 'disk'), out: disk }));
      await Promise.all([
        steps.run('compress disk', () => compress(disk, at(names.disk), DISK_LEVEL)),
        steps.run('block map', async () => {
          const map = await mapOf(disk, unusedOf({ kernel, root }));
          writeFileSync(at(names.blockMap), formatBmap(map));
        }),
      ]);
      await steps.run('sign disk', async () => {
        await signFile(at(names.disk), at(names.signature), authority);
        await verifyFile(at(names.disk), at(names.signature), authority.ca);
      });
    })(),
  ]);
}

/** What the image is made of, and under which licences. The texts go into the root, too: they belong to every copy. */
function makePapers({ plan, architecture, epoch, work }: Site, base: Base, tree: InstalledTree, out: string): void {
  const names = releaseNames(plan.version, architecture.debian);
  const inventories = [
    base.inventory,
    npmInventory(CHECKOUT, tree.packages),
    ownInventory(CHECKOUT, plan.version, tree.binaries),
  ];
  const bom = bomOf(
    plan.version,
    architecture.debian,
    inventories.flatMap(({ parts }) => parts),
    epoch,
  );
  writeFileSync(join(out, names.bom), `${JSON.stringify(bom, null, 1)}\n`);
  const licences = licencesText(
    plan.version,
    inventories.flatMap(({ texts }) => texts),
  );
  writeFileSync(join(out, names.licences), licences);
  const doc = join(work, 'root/usr/share/doc/bartizan');
  mkdirSync(doc, { recursive: true });
  writeFileSync(join(doc, 'licences.txt'), licences);
}

/** What was built, of what and how fast; the hashes are those that two builds must agree in. */
async function reportOf({ plan, authority, epoch, steps, work }: Site, images: Images, out: string): Promise<string> {
  const names = Object.values(releaseNames(plan.version, AMD64.debian)).filter((name) => existsSync(join(out, name)));
  const disk = join(work, `bartizan-${plan.version}-${AMD64.debian}.img`);
  const made = { root: images.root, kernel: images.kernel, disk };
  const hashes = await Promise.all(
    Object.entries(made).map(async ([name, file]) => [name, await sha256Of(file)] as const),
  );
  const tools = await Promise.all(
    Object.entries(PACKERS).map(async ([tool, option]) => [tool, await versionOf(tool, option)] as const),
  );
  const report = {
    version: plan.version,
    sourceDateEpoch: epoch,
    trusts: authority.isLab ? 'the lab' : authority.trusted,
    seconds: steps.seconds,
    steps: steps.times,
    bytes: sizesOf({ ...made, ...Object.fromEntries(names.map((name) => [name, join(out, name)])) }),
    sha256: Object.fromEntries(hashes),
    tools: Object.fromEntries(tools),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** By another release of these, other bytes may come of the same files. */
const PACKERS: Readonly<Record<string, string>> = {
  mksquashfs: '-version',
  zstd: '--version',
  mke2fs: '-V',
  veritysetup: '--version',
  'grub-mkimage': '--version',
  'g++': '--version',
};

const versionOf = async (tool: string, option: string): Promise<string> =>
  (await run('sh', ['-c', '"$1" "$2" 2>&1 | head -n 1', 'sh', tool, option])).trim();

/**
 * Builds a version of the image and its bundle into `build/image`. What is there of this version is replaced only when
 * all is made.
 * @throws naming the step that failed
 */
export async function assemble(plan: BuildPlan, tell: (line: string) => void): Promise<void> {
  const steps = new Steps(tell);
  const work = join(BUILD, 'work', plan.version);
  const authority = await findAuthority(LAB, process.env);
  const site: Site = { plan, architecture: AMD64, authority, epoch: sourceDateEpoch(), steps, work };
  const out = join(work, 'release');
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });

  const cache = join(BUILD, 'debs');
  await steps.run('fetch packages', () => fetchPinned(cache, plan.pins, findMirror));
  const wanted = declaredPackages();
  const folder = join(BUILD, 'work/base');
  const base = await makeBase({ sources: ROOTFS, cache, folder, pins: plan.pins, wanted, architecture: AMD64 }, steps);
  const tree = await steps.run('root', () => makeRoot(site, base));
  await steps.run('bill of materials and licences', () => makePapers(site, base, tree, out));
  const vmlinuz = join(work, 'vmlinuz');
  cpSync(base.vmlinuz, vmlinuz);
  const images = await makeImages(site, vmlinuz);
  await makeRelease(site, images, out);

  const { sums, report, ...files } = releaseNames(plan.version, AMD64.debian);
  await steps.run('sums', () =>
    writeSums(
      Object.values(files).map((name) => join(out, name)),
      join(out, sums),
    ),
  );
  writeFileSync(join(out, report), await reportOf(site, images, out));
  for (const name of [...Object.values(files), report, sums]) renameSync(join(out, name), join(BUILD, name));
  rmSync(out, { recursive: true });
  tell(`${steps.seconds.toFixed(1).padStart(6)} s  in all: ${dirname(join(BUILD, files.disk))}`);
}
