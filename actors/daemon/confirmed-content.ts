import type { Snapshot } from '../change/index.ts';
import { contentOf, type FirewallContent } from '../firewall/index.ts';
import type { ConfigFile } from '../host-integration/config-file/index.ts';
import { contentBeside } from '../settings/index.ts';

/** What was confirmed last: the config, unless that holds a change which is on trial. */
export async function confirmedContent(file: ConfigFile, snapshot: Snapshot | undefined): Promise<FirewallContent> {
  const disk = await file.look();
  // Where a symlink leads to the file, a snapshot names what it leads to.
  const real = disk.ok ? disk.value.path : file.path;
  const before = snapshot?.files.find(({ path }) => path === real)?.content;
  const judged = before && file.judge(before);
  const { config } = file.loaded;
  return judged?.ok ? contentBeside(judged.value.config, config) : contentOf(config);
}
