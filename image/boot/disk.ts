import { mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BOOT_FOLDER, type PartitionName, partition } from '../layout.ts';
import { run } from '../programs.ts';
import { EMBEDDED_CONFIG, environmentBlock, GRUB_MODULES, grubConfig } from './grub-config.ts';
import { makeFileSystem } from './kernel-slot.ts';
import { DISK_BYTES, sfdiskScript } from './partition-table.ts';

export interface DiskPlan {
  /** Image of the kernel slot. */
  readonly kernel: string;
  /** Image of the root slot: squashfs and its verity tree. */
  readonly root: string;
  /** What the recovery starts from the ESP. */
  readonly recovery: { readonly vmlinuz: string; readonly initrd: string };
  /** Seconds since 1970 that everything bears. */
  readonly epoch: number;
  /** Folder for what is made on the way; made, and kept. */
  readonly work: string;
  readonly out: string;
  /** GRUB's modules for x86_64-efi; those of this machine when left out. */
  readonly grubModules?: string;
}

const MIB = 1024 * 1024;
const MACHINE_GRUB = '/usr/lib/grub/x86_64-efi';

/** GRUB as the firmware starts it from a disk that it was never told of. */
async function makeGrub(plan: DiskPlan): Promise<string> {
  const [out, config] = [join(plan.work, 'BOOTX64.EFI'), join(plan.work, 'embedded.cfg')];
  writeFileSync(config, EMBEDDED_CONFIG);
  const modules = plan.grubModules ?? MACHINE_GRUB;
  const target = ['--format', 'x86_64-efi', '--directory', modules, '--prefix', BOOT_FOLDER, '--config', config];
  await run('grub-mkimage', [...target, '--output', out, ...GRUB_MODULES]);
  return out;
}

/** The file system that the firmware reads: GRUB, its configuration and environment, and the recovery. */
async function makeEsp(plan: DiskPlan): Promise<string> {
  const { work, epoch, recovery } = plan;
  const out = join(work, 'esp.img');
  const { sizeMiB, uuid = '' } = partition('esp');
  const written: Readonly<Record<string, string>> = {
    'grub.cfg': grubConfig(),
    grubenv: environmentBlock(),
    'grubenv.bak': environmentBlock(),
  };
  for (const [name, text] of Object.entries(written)) writeFileSync(join(work, name), text);
  const files = [
    [await makeGrub(plan), `${BOOT_FOLDER}/BOOTX64.EFI`],
    ...Object.keys(written).map((name) => [join(work, name), `${BOOT_FOLDER}/${name}`]),
    [recovery.vmlinuz, '/recovery/vmlinuz'],
    [recovery.initrd, '/recovery/initrd.img'],
  ];
  rmSync(out, { force: true });
  writeFileSync(out, '');
  truncateSync(out, sizeMiB * MIB);
  await run('mkfs.fat', ['-F', '32', '-n', 'ESP', '-i', uuid.replace('-', ''), '--invariant', out]);
  const env = { SOURCE_DATE_EPOCH: String(epoch), MTOOLSRC: '/dev/null' };
  await run('mmd', ['-i', out, '::/EFI', `::${BOOT_FOLDER}`, '::/recovery'], { env });
  for (const [source = '', target = ''] of files) {
    await run('mcopy', ['-i', out, source, `::${target}`], { env });
  }
  return out;
}

async function put(image: string, disk: string, name: PartitionName): Promise<void> {
  const { startMiB, sizeMiB } = partition(name);
  const size = statSync(image).size;
  if (size > sizeMiB * MIB) throw new Error(`${image} of ${size} bytes does not fit into ${name}`);
  await run('dd', [`if=${image}`, `of=${disk}`, 'bs=1M', `seek=${startMiB}`, 'conv=notrunc,sparse', 'status=none']);
}

/**
 * The disk as it is flashed: slot A filled, slot B empty, ident and data fresh; sparse, made without loop devices. The
 * same images give the same bytes.
 * @returns `plan.out`
 * @throws when something does not fit into its partition
 */
export async function makeDisk(plan: DiskPlan): Promise<string> {
  const { work, out, epoch } = plan;
  mkdirSync(work, { recursive: true });
  rmSync(out, { force: true });
  writeFileSync(out, '');
  truncateSync(out, DISK_BYTES);
  await run('sfdisk', ['--quiet', out], { input: sfdiskScript() });
  await put(await makeEsp(plan), out, 'esp');
  await put(plan.kernel, out, 'kern-A');
  await put(plan.root, out, 'root-A');
  for (const name of ['ident', 'data'] as const) {
    const image = join(work, `${name}.img`);
    rmSync(image, { force: true });
    await makeFileSystem(name, image, epoch);
    await put(image, out, name);
  }
  return out;
}
