import { type FetchLists, RunningSettings, SettingsSubject } from '../../actors/settings/index.ts';
import { ok, type Result } from '../../core/base/result.ts';
import type { Word } from '../../core/change/change.ts';
import type { Config } from '../../core/config/settings.ts';
import { FakeChanges } from './fake-changes.ts';
import { FakeFirewallTrial } from './fake-firewall-trial.ts';
import { FakeMachine } from './fake-machine.ts';
import { MemoryConfigFile } from './memory-config-file.ts';
import { SimulatedClock } from './simulated-clock.ts';

export const WORD: Word = { actor: 'operator', origin: 'api', peer: '198.51.100.1' };

/** The settings as the daemon has them, over a file, a kernel and trials in memory. */
export class SettingsBench {
  readonly clock: SimulatedClock;
  readonly file: MemoryConfigFile;
  readonly firewall: FakeFirewallTrial;
  readonly machine = new FakeMachine();
  readonly subject: SettingsSubject;
  readonly changes: FakeChanges;
  readonly settings: RunningSettings;
  /** What the running parts were told to go by, in turn. */
  readonly followed: Config[] = [];
  /** What does not follow. */
  warnings: readonly { readonly field: string; readonly message: string }[] = [];
  readonly logs: string[] = [];
  /** Lists that were to be read before a trial, and what comes of it. */
  readonly fetched: string[] = [];
  fetching: Result<void, 'failed'> = ok(undefined);
  restarts = 0;

  /** @param isAppliance whether the machine is ours */
  constructor(text = '', clock = new SimulatedClock(), isAppliance = true) {
    this.clock = clock;
    this.file = new MemoryConfigFile(text);
    const { config } = this.file.loaded;
    this.firewall = new FakeFirewallTrial({ infra: config.infra_ips, denied: config.firewall.denied_networks });
    const follow = async (_: Config, after: Config) => {
      this.followed.push(after);
      return this.warnings;
    };
    const { file, firewall } = this;
    const log = (_: string, message: string) => void this.logs.push(message);
    const host = isAppliance ? this.machine.host(clock, () => file.loaded.config.host) : undefined;
    const fetchLists: FetchLists = async (_, lists) => {
      this.fetched.push(...lists.map(({ name }) => name));
      return this.fetching;
    };
    this.subject = new SettingsSubject({
      file,
      firewall,
      follow,
      fetchLists,
      probes: () => [],
      log,
      ...(host && { host }),
    });
    this.changes = new FakeChanges(clock, [this.subject]);
    const restart = () => void this.restarts++;
    this.settings = new RunningSettings({
      file,
      changes: this.changes,
      follow,
      isAppliance,
      clock,
      restart,
    });
  }

  get etag(): string {
    return this.file.loaded.hash;
  }
}
