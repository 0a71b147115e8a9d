/**
 * Kernel modules that are loaded before the disk is found, in the initramfs of the slots and of the recovery. What a
 * kernel has built in, or does not have, is passed over: a later kernel may name a checksum otherwise, and what is
 * missing shows itself by a disk that is not found.
 */
export const SLOT_MODULES: readonly string[] = [
  // The buses and disks of machines that serve as an appliance, virtual ones included.
  ...['virtio_pci', 'virtio_mmio', 'virtio_blk', 'virtio_scsi', 'nvme', 'ahci', 'ata_piix', 'ata_generic', 'sd_mod'],
  ...['xhci_pci', 'ehci_pci', 'uhci_hcd', 'usb_storage', 'uas', 'sdhci_pci', 'sdhci_acpi', 'mmc_block'],
  ...['hv_vmbus', 'hv_storvsc', 'vmw_pvscsi', 'mptspi', 'xen_blkfront', 'virtio_rng'],
  // What is on them.
  ...['dm_mod', 'dm_verity', 'squashfs', 'ext4', 'crc32c_generic', 'crc32c_intel', 'libcrc32c'],
  ...['sha256_generic', 'sha256_ssse3', 'vfat', 'nls_cp437', 'nls_ascii', 'nls_utf8', 'nls_iso8859_1'],
];

/** Somebody types, and a bundle is read from a USB disk. */
export const RECOVERY_MODULES: readonly string[] = [
  ...SLOT_MODULES,
  ...['usbhid', 'hid_generic', 'hid', 'atkbd', 'i8042', 'hv_utils', 'hyperv_keyboard', 'loop', 'exfat', 'isofs'],
];

/** `kernel/drivers/md/dm-verity.ko.xz` is the module `dm_verity`: the kernel does not tell `-` from `_`. */
export const moduleName = (path: string): string =>
  (path.split('/').at(-1) ?? '').replace(/\.ko(?:\.\w+)?$/, '').replaceAll('-', '_');

/**
 * The files of the wanted modules and of all they need, each after what it needs.
 * @param modulesDep depmod's `modules.dep`: `path: needed needed…`
 * @returns paths as `modules.dep` has them; a wanted module it does not know is left out
 */
export function modulesInOrder(modulesDep: string, wanted: readonly string[]): readonly string[] {
  const needs = new Map<string, readonly string[]>();
  const paths = new Map<string, string>();
  for (const line of modulesDep.split('\n')) {
    const [path = '', rest] = line.split(':');
    if (rest === undefined) continue;
    needs.set(path, rest.split(' ').filter(Boolean));
    paths.set(moduleName(path), path);
  }
  const ordered = new Set<string>();
  const take = (path: string, above: readonly string[]): void => {
    if (ordered.has(path) || above.includes(path)) return;
    for (const needed of needs.get(path) ?? []) take(needed, [...above, path]);
    ordered.add(path);
  };
  for (const name of wanted) {
    const path = paths.get(name);
    if (path !== undefined) take(path, []);
  }
  return [...ordered];
}
