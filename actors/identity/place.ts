import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { releaseOf } from '../../core/image/release.ts';

/** On an appliance: a partition of its own, which a factory reset leaves alone. */
export const IDENT_PARTITION = '/ident/bartizan';

/** Where the device's identity is kept: on an appliance apart from the state, so that it outlives it; elsewhere within. */
export async function identityFolder(stateDirectory: string, osRelease = '/etc/os-release'): Promise<string> {
  const release = releaseOf(await readFile(osRelease, 'utf8').catch(() => ''));
  return release === undefined ? join(stateDirectory, 'ident') : IDENT_PARTITION;
}
