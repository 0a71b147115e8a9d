import { pendingSnapshot } from '../change/index.ts';
import { contentOf, type FirewallContent } from '../firewall/index.ts';
import type { OpenConfig } from '../host-integration/config-file/index.ts';
import { confirmedBefore } from '../settings/index.ts';

/** What was confirmed last: the config, unless that holds a change which is on trial. */
export async function confirmedContent({
  file,
  stateDir,
}: Pick<OpenConfig, 'file' | 'stateDir'>): Promise<FirewallContent> {
  const { loaded } = file;
  const [snapshot, disk] = await Promise.all([pendingSnapshot(stateDir), file.look()]);
  // Where a symlink leads to the file, a snapshot names what it leads to.
  const real = disk.ok ? disk.value.path : file.path;
  const before = snapshot?.files.find(({ path }) => path === real)?.content;
  const judged = before && file.judge(before);
  return judged?.ok ? confirmedBefore(judged.value, loaded) : contentOf(loaded.config);
}
