import { readFile } from 'node:fs/promises';
import type { FieldValue } from '../../../native/journal/index.ts';

/** What the service manager and syslog know this program by. */
const UNITS = ['bartizan.service', 'bartizan-early.service'];
const IDENTIFIER = 'bartizan';

/**
 * The groups of field values that mark an entry as our own: of this process (its number alone is used again after a
 * reboot), of our units whatever they run, and of whoever calls itself by our name.
 */
export async function ownEntries(): Promise<readonly (readonly FieldValue[])[]> {
  const named = [
    [{ field: 'SYSLOG_IDENTIFIER', value: IDENTIFIER }],
    ...UNITS.map((unit) => [{ field: '_SYSTEMD_UNIT', value: unit }]),
  ];
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  if (boot === '') return named;
  const thisBoot = { field: '_BOOT_ID', value: boot.trim().replaceAll('-', '') };
  return [...named, [{ field: '_PID', value: String(process.pid) }, thisBoot]];
}
