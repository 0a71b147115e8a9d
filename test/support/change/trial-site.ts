import { join } from 'node:path';
import { ownIds, systemBootClock, systemDisk } from '../../../actors/change/effects.ts';
import { pendingSnapshot } from '../../../actors/change/index.ts';
import { ChangeService } from '../../../actors/change/service.ts';
import { systemClock, systemRandom } from '../../../actors/clock/index.ts';
import { type KernelFirewall, plainFolder } from '../../../actors/firewall/index.ts';
import { type ConfigFile, openConfig } from '../../../actors/host-integration/config-file/index.ts';
import type { SettingsProposal } from '../../../actors/settings/index.ts';
import type { Records } from '../../../actors/store/index.ts';
import type { Log } from '../../../core/base/ports.ts';
import { type Millis, millis } from '../../../core/base/time.ts';
import type { Word } from '../../../core/change/change.ts';
import type { Change as Setting } from '../../../core/config/change.ts';
import { type NftPort, openNft } from '../../../native/nft/index.ts';
import { countedDisk } from './real-disk.ts';
import { type Books, settingsParts } from './settings-parts.ts';

export const OPERATOR: Word = { actor: 'ops', origin: 'api', peer: '192.0.2.2' };

export interface TrialSiteOptions {
  /** Holds `bartizan.yaml` and everything else. */
  readonly state: string;
  /** Whose kernel it is. */
  readonly netns: string;
  readonly records: Records;
  readonly books?: Books;
  readonly log?: Log;
  /** Called before whatever outlives the process. */
  readonly counted?: () => void;
}

/** Changes of settings on trial, on a real disk, the real boot-time clock and the kernel of a namespace. */
export class TrialSite {
  readonly changes: ChangeService;
  readonly firewall: KernelFirewall;
  readonly file: ConfigFile;
  /** Restarts that were asked for. */
  restarts = 0;

  private constructor({ changes, firewall, file }: Pick<TrialSite, 'changes' | 'firewall' | 'file'>) {
    this.changes = changes;
    this.firewall = firewall;
    this.file = file;
  }

  /** As a start of the daemon does it. */
  static async open(options: TrialSiteOptions): Promise<TrialSite> {
    const { state, netns, records, books, log = () => {}, counted = () => {} } = options;
    const opened = await openConfig({ state, cwd: state, parsers: [] });
    if (!opened.ok) throw new Error(opened.public);
    const nft = await openNft({ netns });
    if (!nft.ok) throw new Error(nft.public);
    const file = countedFile(opened.value.file, counted);
    const parts = await settingsParts({
      file,
      snapshot: await pendingSnapshot(state),
      nft: countedNft(nft.value, counted),
      netns,
      clock: systemClock,
      log,
      folder: plainFolder(join(state, 'firewall')),
      ...(books === undefined ? {} : { books }),
    });
    const changes = new ChangeService({
      stateDirectory: state,
      records,
      clock: systemClock,
      random: systemRandom,
      log,
      disk: countedDisk(systemDisk, counted),
      own: ownIds(),
      bootClock: systemBootClock(),
      subjects: [parts.subject],
      requestRestart: () => void site.restarts++,
      publish: () => {},
    });
    const site = new TrialSite({ changes, firewall: parts.firewall, file });
    await changes.start((cause) => {
      throw cause;
    });
    return site;
  }

  /** Puts settings on trial, to be confirmed by a word. */
  async tryOut(settings: readonly Setting[], trial: Millis, terms: { forcedBecause?: string; restart?: boolean } = {}) {
    const { restart = false, ...forced } = terms;
    const disk = await this.file.look();
    if (!disk.ok) throw new Error(disk.public);
    const proposal: SettingsProposal = { changes: settings, over: disk.value.hash, restart };
    return this.changes.propose({
      subject: 'settings',
      proposal,
      word: OPERATOR,
      trial,
      confirmedBy: 'word',
      ...forced,
    });
  }

  /** Over a connection of this moment. */
  confirm() {
    const id = this.#pending();
    return this.changes.confirm({ id, word: OPERATOR, connection: { openedAt: millis(systemClock.now() + 1) } });
  }

  revert() {
    return this.changes.revert({ id: this.#pending(), word: OPERATOR });
  }

  #pending() {
    const pending = this.changes.pending();
    if (pending === undefined) throw new Error('nothing is on trial');
    return pending.change.id;
  }

  /** In order, as for a restart; a trial stays what it is. */
  async close(): Promise<void> {
    await this.changes.stop();
    await this.firewall.close();
  }
}

const countedFile = (file: ConfigFile, before: () => void): ConfigFile => {
  const put = file.put.bind(file);
  file.put = (content, over) => {
    before();
    return put(content, over);
  };
  return file;
};

const countedNft = (nft: NftPort, before: () => void): NftPort => {
  const [ensure, commit, drop] = [nft.ensure.bind(nft), nft.commit.bind(nft), nft.drop.bind(nft)];
  nft.ensure = (table) => {
    before();
    return ensure(table);
  };
  nft.commit = (table, ops) => {
    before();
    return commit(table, ops);
  };
  nft.drop = (table) => {
    before();
    return drop(table);
  };
  return nft;
};
