import type { Snapshot } from '../change/index.ts';
import { contentOf, type FirewallContent } from '../firewall/index.ts';
import type { ConfigFile } from '../host-integration/config-file/index.ts';
import { confirmedBefore } from '../settings/index.ts';

/** What was confirmed last: the config, unless that holds a change which is on trial. */
export async function confirmedContent(file: ConfigFile, snapshot: Snapshot | undefined): Promise<FirewallContent> {
  const disk = await file.look();
  // Where a symlink leads to the file, a snapshot names what it leads to.
  const real = disk.ok ? disk.value.path : file.path;
  const before = snapshot?.files.find(({ path }) => path === real)?.content;
  const judged = before && file.judge(before);
  return judged?.ok ? confirmedBefore(judged.value, file.loaded) : contentOf(file.loaded.config);
}
