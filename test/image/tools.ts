import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PROGRAMS = ['qemu-system-x86_64', 'qemu-img', 'qemu-io', 'mkfs.vfat', 'mcopy', 'setpriv', 'ip', 'dnsmasq'];
const FIRMWARE = '/usr/share/OVMF/OVMF_CODE_4M.fd';

/** Why no guest can be had here, in a sentence, or undefined. */
export function noGuest(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root, for the guest's network";
  if (!existsSync('/dev/net/tun')) return 'needs /dev/net/tun';
  const missing = PROGRAMS.filter((program) => !isThere(program));
  if (!existsSync(FIRMWARE)) missing.push('OVMF');
  return missing.length === 0 ? undefined : `missing: ${missing.join(', ')} (profile test of image/provision/packages)`;
}

/** Whether a program is installed, those for root too. */
export function isThere(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], {
      stdio: 'ignore',
      env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
    });
    return true;
  } catch {
    return false;
  }
}
