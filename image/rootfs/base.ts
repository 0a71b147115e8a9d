import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Architecture } from '../architecture.ts';
import { declarationOf } from '../declaration.ts';
import { run } from '../programs.ts';
import { debianInventory, type Inventory } from '../sbom/collect.ts';
import type { Steps } from '../steps.ts';
import { installPackages } from './install.ts';
import { chooseModules } from './kernel.ts';
import { fileOf, type Pin } from './lock.ts';
import { dropSetuid, prune, removePackages } from './prune.ts';
import type { Wanted } from './wanted.ts';

/** Debian as the appliance has it, before the program and its settings: the same for every version, so it is kept. */
export interface Base {
  readonly root: string;
  readonly vmlinuz: string;
  readonly inventory: Inventory;
}

export interface BasePlan {
  /** `image/rootfs` of the checkout: the declarations. */
  readonly sources: string;
  /** The folder of the .debs. */
  readonly cache: string;
  /** Where bases are kept, by what they were made of. */
  readonly folder: string;
  readonly pins: readonly Pin[];
  readonly wanted: readonly Wanted[];
  readonly architecture: Architecture;
}

/** The kernel's package, whose name has its release in it, among the unpacked. */
const KERNEL = 'linux-image';
const isKernel = (name: string): boolean => name.startsWith('linux-image-');

/** All that a base hangs on: what is pinned, what is declared, and how it is made. */
function keyOf({ pins, sources, architecture }: BasePlan): string {
  const hash = createHash('sha256').update(JSON.stringify([pins, architecture]));
  for (const folder of [sources, import.meta.dirname, join(import.meta.dirname, '../sbom')]) {
    const files = readdirSync(folder, { withFileTypes: true }).filter(
      (entry) => entry.isFile() && !entry.name.endsWith('.map'),
    );
    for (const name of files.map((entry) => entry.name).toSorted())
      hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Unpacks the packages of which only some files are taken. @returns their folders by name */
async function unpack(plan: BasePlan, work: string): Promise<ReadonlyMap<string, string>> {
  const folders = new Map<string, string>();
  for (const pin of plan.pins.filter((one) => one.role === 'unpack')) {
    const folder = join(work, pin.name);
    mkdirSync(folder, { recursive: true });
    await run('dpkg-deb', ['--extract', join(plan.cache, fileOf(pin)), folder]);
    folders.set(isKernel(pin.name) ? KERNEL : pin.name, folder);
  }
  return folders;
}

function placeFiles(wanted: readonly Wanted[], folders: ReadonlyMap<string, string>, root: string): void {
  for (const { name, files } of wanted.filter((one) => one.role === 'unpack' && !isKernel(one.name))) {
    const folder = folders.get(name);
    if (folder === undefined) throw new Error(`${name} is not pinned: npm run image -- lock`);
    for (const pattern of files) {
      const [path] = globSync(pattern, { cwd: folder });
      if (path === undefined) throw new Error(`${name} has no ${pattern}`);
      mkdirSync(dirname(join(root, path)), { recursive: true });
      copyFileSync(join(folder, path), join(root, path));
      chmodSync(join(root, path), 0o755);
    }
  }
}

/** Makes the base, unless one of the very same packages and declarations is there. */
export async function makeBase(plan: BasePlan, steps: Steps): Promise<Base> {
  const kept = join(plan.folder, keyOf(plan));
  if (!existsSync(kept)) await make(plan, kept, steps);
  const inventory = JSON.parse(readFileSync(join(kept, 'inventory.json'), 'utf8')) as Inventory;
  return { root: join(kept, 'root'), vmlinuz: join(kept, 'vmlinuz'), inventory };
}

async function make(plan: BasePlan, kept: string, steps: Steps): Promise<void> {
  const { sources, pins, wanted, architecture, cache } = plan;
  const fresh = `${kept}.new`;
  const [root, work, tree] = [join(fresh, 'root'), join(fresh, 'work'), join(fresh, 'kernel')] as const;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const accounts = join(sources, 'accounts.conf');
  const [{ folders, kernel }] = await Promise.all([
    steps.run('kernel and its modules', async () => {
      const folders = await unpack(plan, work);
      const modules = readFileSync(join(sources, 'modules'), 'utf8');
      return { folders, kernel: await chooseModules(folders.get(KERNEL) ?? '', modules, tree) };
    }),
    steps.run('install packages', () =>
      installPackages(root, join(work, 'repository'), cache, pins, architecture, accounts),
    ),
  ]);
  rmSync(join(root, 'usr/lib/modules'), { recursive: true, force: true });
  renameSync(join(tree, 'usr/lib/modules'), join(root, 'usr/lib/modules'));
  placeFiles(wanted, folders, root);
  copyFileSync(kernel.vmlinuz, join(fresh, 'vmlinuz'));
  writeFileSync(join(fresh, 'inventory.json'), JSON.stringify(debianInventory(pins, [root, ...folders.values()])));
  removePackages(root, pins);
  prune(root, declarationOf(readFileSync(join(sources, 'pruned'), 'utf8')));
  dropSetuid(root);
  for (const folder of [work, tree]) rmSync(folder, { recursive: true });
  // One base is enough: those before it are of other pins or declarations.
  for (const old of readdirSync(plan.folder))
    if (old !== basename(fresh)) rmSync(join(plan.folder, old), { recursive: true });
  renameSync(fresh, kept);
}
