import type { Snapshot } from '../../../actors/change/index.ts';
import { confirmedContent } from '../../../actors/daemon/confirmed-content.ts';
import { trialOfFirewall } from '../../../actors/daemon/trial-of-firewall.ts';
import {
  type AllowedAtPort,
  createFirewall,
  type DesiredBlocks,
  type KernelBlock,
  type KernelFirewall,
  type PlainFolder,
} from '../../../actors/firewall/index.ts';
import type { ConfigFile } from '../../../actors/host-integration/config-file/index.ts';
import { type Follow, SettingsSubject } from '../../../actors/settings/index.ts';
import type { Cidr, Ip } from '../../../core/base/ip.ts';
import type { Clock, Log } from '../../../core/base/ports.ts';
import { ok } from '../../../core/base/result.ts';
import { modeOf } from '../../../core/config/mode.ts';
import type { NftPort } from '../../../native/nft/index.ts';

/** What is blocked and let in, in memory. */
export class Books implements DesiredBlocks {
  readonly standing = new Map<Ip, KernelBlock>();
  letIn: readonly Cidr[] = [];
  atPorts: readonly AllowedAtPort[] = [];

  blocks = () => this.standing.values();
  blockCount = () => this.standing.size;
  blockOf = (ip: Ip) => this.standing.get(ip);
  allowed = () => this.letIn;
  allowedPorts = () => this.atPorts;
  networks = () => [];
  adoptNetworks = async () => {};
  hasEnded = async () => true;
  refuse = async () => {};
  adopt = async () => {};
}

export interface SettingsMachine {
  readonly file: ConfigFile;
  /** Of a trial that an earlier process left. */
  readonly snapshot: Snapshot | undefined;
  readonly nft: NftPort;
  readonly netns?: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly folder: PlainFolder;
  readonly books?: Books;
}

/** Settings and firewall as the daemon puts them together and starts them, up to the changes. */
export async function settingsParts(machine: SettingsMachine): Promise<{
  readonly firewall: KernelFirewall;
  readonly subject: SettingsSubject;
}> {
  const { file, snapshot, nft, netns, clock, log, folder, books = new Books() } = machine;
  const { table, max_blocks: maxBlocks } = file.loaded.config.firewall;
  const content = await confirmedContent(file, snapshot);
  const settings = { table, maxBlocks, content, ...(netns === undefined ? {} : { netns }) };
  const firewall = createFirewall({ nft, clock, log, desired: books, folder, settings });
  const follow: Follow = async (before, after) => {
    const [was, is] = [modeOf(before), modeOf(after)];
    if (was !== is) await (is === 'observe' ? firewall.disable() : firewall.enable());
    return [];
  };
  const subject = new SettingsSubject({
    file,
    firewall: trialOfFirewall(firewall),
    follow,
    fetchLists: async () => ok(undefined),
    probes: () => [],
    log,
  });
  await (modeOf(file.loaded.config) === 'observe' ? firewall.look() : firewall.enable());
  return { firewall, subject };
}
