import type { Log } from '../../core/base/ports.ts';
import { type Failure, fail, type Ok, ok, type Result } from '../../core/base/result.ts';
import type { Change } from '../../core/change/change.ts';
import { changedSettings, sameValue } from '../../core/config/change.ts';
import { pendingRestart } from '../../core/config/in-effect.ts';
import type { LoadedConfig } from '../../core/config/read.ts';
import type { Config } from '../../core/config/settings.ts';
import type { Applied, Holds, Prepared, Probe, Snapshot, SnapshotFile, Subject, Trial } from '../change/index.ts';
import { contentOf } from '../firewall/index.ts';
import type { ConfigFile, ConfigOnDisk } from '../host-integration/config-file/index.ts';
import type { FetchLists, FirewallTrial, Follow, HostTrial } from './port.ts';
import {
  contentAmong,
  isSwitchedOff,
  listsToTry,
  SETTINGS,
  type SettingsPlan,
  type SettingsProposal,
  touchesHost,
  touchesRules,
} from './proposal.ts';

export interface SettingsSubjectParts {
  readonly file: ConfigFile;
  readonly firewall: FirewallTrial;
  /** Absent: another's machine, which minds no settings of ours. */
  readonly host?: HostTrial;
  readonly follow: Follow;
  readonly fetchLists: FetchLists;
  /** What must hold while a change is on trial. */
  readonly probes: (change: Change) => readonly Probe[];
  readonly log: Log;
}

/** Two names of one content. */
const hashOf = ({ hash }: Pick<LoadedConfig, 'hash'>): string => `sha256:${hash}`;

/**
 * The config file, the kernel's rules and the machine's network that follow from it, as something that is changed on trial.
 * The kernel is guarded before the file is touched, so there is no moment at which only a running process could lead back;
 * the network's file is part of the snapshot, which a reverter puts back. While a change is on trial nothing else is written
 * into the file.
 */
export class SettingsSubject implements Subject<SettingsPlan> {
  readonly name = SETTINGS;
  readonly #parts: SettingsSubjectParts;

  constructor(parts: SettingsSubjectParts) {
    this.#parts = parts;
  }

  async prepare(proposed: unknown): Promise<Result<Prepared<SettingsPlan>, 'invalid' | 'stale' | 'failed'>> {
    const { file, firewall, fetchLists } = this.#parts;
    const proposal = proposed as SettingsProposal;
    const disk = await file.look();
    if (!disk.ok) return disk;
    const before = file.loaded;
    const { changes, over, restart } = proposal;
    if (disk.value.hash !== over || (changes !== undefined && over !== before.hash)) {
      return fail('stale', `${file.path} was changed meanwhile`);
    }
    const after = await this.#wanted(proposal);
    if (!after.ok) return after;
    const parts = changedSettings(before.config, after.value.config).map(({ path }) => path);
    // Nobody could tell the one state from the other.
    if (parts.length === 0) return fail('invalid', 'nothing would change');
    const { config } = before;
    const rules = { before: contentAmong(parts, config), after: contentAmong(parts, after.value.config) };
    const isRules = !sameValue(rules.before, rules.after);
    const machine = await this.#machineFile(parts, config);
    if (!machine.ok) return machine;
    const fetched = await fetchLists(after.value.config, listsToTry(rules.before, rules.after));
    if (!fetched.ok) return fail('invalid', fetched.public);
    return ok({
      plan: {
        before,
        after: after.value,
        parts,
        proposal,
        attributes: disk.value,
        ...(isRules ? { rules } : {}),
      },
      summary: summaryOf(parts),
      parts,
      before: hashOf(before),
      after: hashOf(after.value),
      spans: restart ? 'restart' : 'nothing',
      snapshot: {
        files: [snapshotOf(before, disk.value), ...machine.value],
        ...(isRules ? { ruleset: firewall.rulesetText(config.firewall.enabled ? rules.before : 'none') } : {}),
      },
    });
  }

  /** Of the machine, what a change of these settings replaces. */
  async #machineFile(parts: readonly string[], before: Config): Promise<Result<readonly SnapshotFile[], 'failed'>> {
    const { host } = this.#parts;
    if (host === undefined || !touchesHost(parts)) return ok([]);
    const file = await host.snapshot(before.host);
    return file.ok ? ok([file.value]) : file;
  }

  /** What is to stand in the file: what is there with the changes, or what another hand wrote. */
  async #wanted({ changes, over }: SettingsProposal): Promise<Ok<LoadedConfig> | Failure<'invalid' | 'stale'>> {
    const { file } = this.#parts;
    const wanted = changes === undefined ? await file.read() : file.plan(changes);
    if (!wanted.ok) return fail('invalid', wanted.public, wanted.cause);
    if (changes === undefined && wanted.value.hash !== over) return fail('stale', `${file.path} was changed meanwhile`);
    return wanted;
  }

  async apply(plan: SettingsPlan, trial: Trial): Promise<Result<Applied, 'failed'>> {
    const { file, firewall, follow } = this.#parts;
    const { before, after, rules, proposal } = plan;
    if (rules !== undefined) {
      const armed = await firewall.arm(rules.after, trial, rules.before);
      if (!armed.ok) return armed;
    }
    const put = await this.#put(plan);
    if (!put.ok) {
      if (rules !== undefined) await firewall.abandon(rules.before);
      return fail('failed', put.public, put.cause);
    }
    file.adopt(after);
    this.#hold();
    const moved = await this.#moveMachine(plan.parts, after.config);
    if (!moved.ok) return moved;
    if (proposal.restart) return ok({ takesEffect: 'restart' });
    await this.#tell(follow(before.config, after.config));
    const held = rules === undefined ? ok(undefined) : await this.#holdsLists(rules);
    return held.ok ? ok({ takesEffect: 'now' }) : held;
  }

  async #moveMachine(parts: readonly string[], config: Config): Promise<Result<void, 'failed'>> {
    const { host } = this.#parts;
    return host === undefined || !touchesHost(parts) ? ok(undefined) : host.follow(config.host);
  }

  /** What another hand wrote stands there already; a copy of it stays, should it be taken back. */
  async #put({ before, after, attributes, proposal }: SettingsPlan): Promise<Result<unknown, 'edited' | 'failed'>> {
    const { file } = this.#parts;
    if (proposal.changes === undefined) return file.keepCopy('edited');
    return file.put({ ...attributes, bytes: bytesOf(after) }, [before.hash]);
  }

  /** A confirmation that was cut off may have made the candidate what the kernel falls back to. */
  async resume({ parts }: Change, trial: Trial, snapshot: Snapshot): Promise<Result<void, 'failed'>> {
    const { file, firewall } = this.#parts;
    this.#hold();
    const moved = await this.#moveMachine(parts, file.loaded.config);
    if (!moved.ok || !touchesRules(parts)) return moved;
    const was = this.#before(snapshot);
    if (!was.ok) return was;
    const rules = {
      before: contentAmong(parts, was.value.loaded.config),
      after: contentAmong(parts, file.loaded.config),
    };
    const armed = await firewall.arm(rules.after, trial, rules.before);
    return armed.ok ? this.#holdsLists(rules) : armed;
  }

  /** What is probed is what will be: not before the kernel holds the lists that are tried. */
  async #holdsLists({ before, after }: NonNullable<SettingsPlan['rules']>): Promise<Result<void, 'failed'>> {
    const tried = listsToTry(before, after);
    return tried.length === 0 ? ok(undefined) : this.#parts.firewall.holdsLists(tried);
  }

  async confirm({ parts }: Change): Promise<Result<void, 'failed'>> {
    const { file, firewall } = this.#parts;
    const done = touchesRules(parts) ? await firewall.confirm() : ok(undefined);
    if (!done.ok) return done;
    const off = await this.#leaveOff(parts);
    if (off.ok) file.hold(undefined);
    return off;
  }

  /** Where the firewall was switched off nothing is left of it, and what is written holds once it is switched on in whatever way. */
  async #leaveOff(parts: readonly string[]): Promise<Result<void, 'failed'>> {
    const { file, firewall } = this.#parts;
    const { config } = file.loaded;
    if (!isSwitchedOff(parts, config)) return ok(undefined);
    const off = await firewall.remove();
    return off.ok ? firewall.abandon(contentOf(config)) : off;
  }

  async revert(change: Change, snapshot: Snapshot): Promise<Result<Applied, 'failed'>> {
    const { file, firewall, follow } = this.#parts;
    const before = this.#before(snapshot);
    if (!before.ok) return before;
    const back = await this.#putBack(change, before.value.old);
    if (!back.ok) return back;
    if (touchesRules(change.parts)) {
      const abandoned = await firewall.abandon(contentAmong(change.parts, before.value.loaded.config));
      if (!abandoned.ok) return abandoned;
    }
    const moved = await this.#moveMachineBack(snapshot);
    if (!moved.ok) return moved;
    // Last of all, so that a revert that is tried again still knows what the parts go by.
    const { config: tried } = file.loaded;
    const { config: old } = before.value.loaded;
    file.adopt(before.value.loaded);
    file.hold(undefined);
    await this.#tell(follow(tried, old));
    const off = await this.#leaveOff(change.parts);
    if (!off.ok) return off;
    const isRunning = pendingRestart(file.started, old).some((path) => change.parts.includes(path));
    return ok({ takesEffect: isRunning ? 'restart' : 'now' });
  }

  async look({ before, after, parts }: Change, snapshot: Snapshot): Promise<Result<Holds, 'failed'>> {
    const { file, firewall } = this.#parts;
    const disk = await file.look();
    if (!disk.ok) return disk;
    const hash = hashOf(disk.value);
    if (hash !== before && hash !== after) return ok('neither');
    const stands = file.judge(disk.value.bytes);
    const was = this.#before(snapshot);
    if (!stands.ok) return fail('failed', stands.public);
    if (!was.ok) return was;
    const holds = hash === before ? 'before' : 'after';
    const isMoved = await this.#machineHolds(holds, stands.value.config, snapshot);
    if (!isMoved.ok) return isMoved;
    if (!isMoved.value) return ok('neither');
    const content = contentAmong(parts, stands.value.config);
    if (holds === 'after' && sameValue(content, contentAmong(parts, was.value.loaded.config))) return ok(holds);
    const isJudging = await firewall.isJudging(content);
    if (!isJudging.ok) return isJudging;
    return ok(isJudging.value === false ? 'neither' : holds);
  }

  async #moveMachineBack({ files: [, machine] }: Snapshot): Promise<Result<void, 'failed'>> {
    const { host } = this.#parts;
    return host === undefined || machine === undefined ? ok(undefined) : host.putBack(machine);
  }

  async #machineHolds(
    holds: 'before' | 'after',
    stands: Config,
    { files: [, machine] }: Snapshot,
  ): Promise<Result<boolean, 'failed'>> {
    const { host } = this.#parts;
    if (host === undefined || machine === undefined) return ok(true);
    return host.goesBy(holds === 'before' ? machine : stands.host);
  }

  probes(change: Change): readonly Probe[] {
    return this.#parts.probes(change);
  }

  #before({ files: [old] }: Snapshot): Result<{ readonly old: Old; readonly loaded: LoadedConfig }, 'failed'> {
    if (old?.content === undefined) return fail('failed', 'the snapshot holds no config');
    const loaded = this.#parts.file.judge(old.content);
    return loaded.ok
      ? ok({ old: { ...old, bytes: old.content }, loaded: loaded.value })
      : fail('failed', `the config of before is not right any more: ${loaded.public}`);
  }

  /** What another hand wrote during the trial is kept beside the file, and said. */
  async #putBack({ id, before, after }: Change, old: Old): Promise<Result<void, 'failed'>> {
    const { file, log } = this.#parts;
    const disk = await file.look();
    const there = disk.ok ? [disk.value.hash] : [];
    if (disk.ok && ![before, after].includes(hashOf(disk.value))) {
      const kept = await file.keepCopy(`kept-${id}`);
      if (!kept.ok) return kept;
      log('warn', 'the config was edited during a trial that is taken back', { change: id, kept: kept.value });
    }
    const put = await file.put(old, there);
    return put.ok ? put : fail('failed', put.public, put.cause);
  }

  #hold(): void {
    this.#parts.file.hold('a change of settings is on trial; confirm or revert it first');
  }

  async #tell(following: ReturnType<Follow>): Promise<void> {
    for (const warning of await following) this.#parts.log('warn', 'a setting did not take effect', { ...warning });
  }
}

interface Old extends SnapshotFile {
  readonly bytes: Uint8Array;
}

const bytesOf = ({ text }: LoadedConfig): Uint8Array => new TextEncoder().encode(text);

const snapshotOf = (before: LoadedConfig, { path, mode, uid, gid }: ConfigOnDisk): SnapshotFile => ({
  path,
  content: bytesOf(before),
  mode,
  uid,
  gid,
});

/** Names of settings that a line has room for. */
const MOST_NAMED = 5;

const summaryOf = (parts: readonly string[]): string =>
  parts.length <= MOST_NAMED
    ? parts.join(', ')
    : `${parts.slice(0, MOST_NAMED).join(', ')} and ${parts.length - MOST_NAMED} more`;
