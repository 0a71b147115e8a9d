import { COMPATIBLE, DISK_LINKS, GRUB_ENVIRONMENT, SLOTS } from '../layout.ts';

/** Larger than any bundle that fits into a slot. */
const LARGEST_BUNDLE_BYTES = 512 * 1024 * 1024;

/**
 * `/etc/rauc/system.conf` of the image. A slot is the kernel partition with its root partition below it (`parent`): RAUC
 * writes and marks them together; before it does, what was known of them is forgotten. Refused are bundles without a verity tree, and signatures by a certificate that is not
 * for signing code.
 */
export function raucSystemConfig(): string {
  const slots = SLOTS.flatMap((slot, index) => [
    `[slot.kernel.${index}]`,
    `device=${DISK_LINKS}/kern-${slot}`,
    'type=raw',
    `bootname=${slot}`,
    '',
    `[slot.rootfs.${index}]`,
    `device=${DISK_LINKS}/root-${slot}`,
    'type=raw',
    `parent=kernel.${index}`,
    '',
  ]);
  return [
    '[system]',
    `compatible=${COMPATIBLE}`,
    'bootloader=grub',
    `grubenv=${GRUB_ENVIRONMENT}`,
    'mountprefix=/run/rauc',
    'data-directory=/data/rauc',
    'bundle-formats=-plain',
    `max-bundle-download-size=${LARGEST_BUNDLE_BYTES}`,
    '',
    '[keyring]',
    'path=/etc/rauc/ca.pem',
    'check-purpose=codesign',
    '',
    '[handlers]',
    'pre-install=/usr/lib/bartizan/systemd/rauc-pre-install',
    '',
    ...slots,
  ].join('\n');
}
