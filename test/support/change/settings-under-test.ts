import { directoryOf } from '../../../actors/change/disk.ts';
import { TrialFolder } from '../../../actors/change/folder.ts';
import { type ChangeDisk, type Subject, writeWhole } from '../../../actors/change/index.ts';
import type { KernelFirewall, PlainFolder } from '../../../actors/firewall/index.ts';
import type { SettingsProposal } from '../../../actors/settings/index.ts';
import { sha256Hex } from '../../../core/base/ids.ts';
import type { Change } from '../../../core/config/change.ts';
import type { FakeKernel } from '../../../native/nft/fake.ts';
import { MemoryConfigFile } from '../memory-config-file.ts';
import { DiskConfigFile } from './disk-config-file.ts';
import { settingsParts } from './settings-parts.ts';
import type { SimDisk } from './sim-disk.ts';
import type { SubjectParts, UnderTest } from './world.ts';

const PATH = '/etc/edge/bartizan.yaml';
const STATE = '/var/lib/edge';
const OWN = { mode: 0o600, uid: 0, gid: 0 };

/** A change of settings, and an address that the kernel judges otherwise before it and after. */
export interface SettingsCase {
  readonly name: string;
  readonly text: string;
  readonly changes: readonly Change[];
  readonly saddr: string;
  readonly verdicts: { readonly before: 'accept' | 'drop'; readonly after: 'accept' | 'drop' };
}

const ON = '# the office\nfirewall: { enabled: true, denied_networks: [198.51.100.7] }\ninfra_ips: [192.0.2.1]\n';

export const SETTINGS_CASES: readonly SettingsCase[] = [
  {
    name: 'networks denied',
    text: ON,
    changes: [{ path: 'firewall.denied_networks', value: ['203.0.113.4', '2001:db8::/32', '0.0.0.0/0'] }],
    saddr: '203.0.113.9',
    verdicts: { before: 'accept', after: 'drop' },
  },
  {
    name: 'an admin let in',
    text: ON,
    changes: [{ path: 'infra_ips', value: ['192.0.2.1', '198.51.100.0/24'] }],
    saddr: '198.51.100.7',
    verdicts: { before: 'drop', after: 'accept' },
  },
  {
    name: 'ports closed',
    text: ON,
    changes: [
      { path: 'firewall.default', value: 'drop' },
      { path: 'firewall.tcp_in', value: [22] },
      { path: 'firewall.log_dropped', value: true },
    ],
    saddr: '203.0.113.9',
    verdicts: { before: 'accept', after: 'drop' },
  },
  {
    name: 'switched on',
    text: ON.replace('enabled: true', 'enabled: false'),
    changes: [{ path: 'firewall.enabled', value: true }],
    saddr: '198.51.100.7',
    verdicts: { before: 'accept', after: 'drop' },
  },
  {
    name: 'switched off',
    text: ON,
    changes: [{ path: 'firewall.enabled', value: false }],
    saddr: '198.51.100.7',
    verdicts: { before: 'drop', after: 'accept' },
  },
];

/** The settings with the firewall behind them, on a simulated disk and kernel. */
export class SettingsUnderTest implements UnderTest {
  readonly name = 'settings';
  readonly proposal: SettingsProposal;
  readonly #case: SettingsCase;
  readonly #after: string;
  #firewall: KernelFirewall | undefined;

  constructor(settings: SettingsCase) {
    this.#case = settings;
    const { text, changes } = settings;
    this.proposal = { changes, over: sha256Hex(Buffer.from(text)), restart: false };
    const after = new MemoryConfigFile(text).plan(changes);
    if (!after.ok) throw new Error(after.public);
    this.#after = after.value.text;
  }

  seed(disk: SimDisk): void {
    disk.put(PATH, this.#case.text, OWN);
    disk.put(`${STATE}/firewall/here`, '');
  }

  /** The kernel is empty until the program has started. */
  async boot(): Promise<void> {}

  async make({ disk, nft, clock, log }: SubjectParts): Promise<Subject> {
    const file = await DiskConfigFile.open(disk, PATH);
    const found = await new TrialFolder(disk, STATE, OWN).read();
    const snapshot = found.ok ? found.value?.snapshot : undefined;
    const folder = plainFolderOn(disk, `${STATE}/firewall`);
    const { firewall, subject } = await settingsParts({ file, snapshot, nft, clock, log, folder });
    this.#firewall = firewall;
    return subject as Subject;
  }

  async stop(): Promise<void> {
    await this.#firewall?.close();
  }

  async holds(disk: SimDisk, kernel: FakeKernel): Promise<string> {
    const { text, saddr, verdicts } = this.#case;
    const file = disk.text(PATH);
    const verdict = kernel.judge({ iif: 'eth0', saddr });
    const guard = await kernel.open().list('bartizan', 'trial');
    // Where the change is to have no table there is no guard either.
    const isOnTrial = disk.names(`${STATE}/change/pending`) !== undefined;
    const isLit = guard.ok ? guard.value.length > 0 : isOnTrial;
    if (file === text && verdict === verdicts.before && !isLit) return 'before';
    if (file === this.#after && verdict === verdicts.after) return isLit ? 'trial' : 'after';
    return JSON.stringify({ file, verdict, isLit });
  }
}

function plainFolderOn(disk: ChangeDisk, folder: string): PlainFolder {
  const put = (name: string, text: string) => writeWhole(disk, `${folder}/${name}`, Buffer.from(text), OWN);
  return {
    replace: (name, pieces) => put(name, [...pieces].join('')),
    append: async (name, text) =>
      put(name, Buffer.from((await disk.read(`${folder}/${name}`)) ?? '').toString() + text),
    async remove(name) {
      await disk.remove(`${folder}/${name}`);
      await disk.sync(directoryOf(`${folder}/${name}`));
    },
  };
}
