import type {
  SettingsDesk,
  SettingsOrder,
  SettingsRefusal,
  SettingsState,
  SettingsWritten,
  TrialOrder,
} from '../../core/api/settings.ts';
import type { Clock } from '../../core/base/ports.ts';
import { type Failure, fail, type Ok, ok, type Result } from '../../core/base/result.ts';
import { millis, rfc3339 } from '../../core/base/time.ts';
import { Turns } from '../../core/base/turns.ts';
import type { Change } from '../../core/change/change.ts';
import type { ChangeRequest, Changes } from '../../core/change/changes.ts';
import { changedSettings } from '../../core/config/change.ts';
import type { EditFailure } from '../../core/config/edit.ts';
import { lengthOf } from '../../core/config/formats.ts';
import { pendingRestart } from '../../core/config/in-effect.ts';
import type { LoadedConfig } from '../../core/config/read.ts';
import { canCut, needsWord } from '../../core/config/sections.ts';
import type {
  ConfigFile,
  ConfigFileFailure,
  ConfigOnDisk,
  ReadFailure,
} from '../host-integration/config-file/index.ts';
import type { Follow } from './port.ts';
import { SETTINGS, type SettingsProposal, touchesHost } from './proposal.ts';

export interface SettingsDeskParts {
  readonly file: ConfigFile;
  readonly changes: Changes;
  readonly follow: Follow;
  /** Whether the machine goes by the settings of `host`. */
  readonly isAppliance: boolean;
  readonly clock: Pick<Clock, 'after'>;
  /** Ends the process so that it is started anew. */
  readonly restart: () => void;
}

/** So long the answer to whoever asked for a restart has to go out. */
const ANSWER_TIME = millis(250);

type Answer = Ok<SettingsWritten> | SettingsRefusal;

/** How a trial is asked for. */
interface TrialTerms extends Pick<ChangeRequest, 'word' | 'trial' | 'confirmedBy'> {
  readonly forcedBecause?: string;
  /** Starts anew even where every setting is live. */
  readonly restart: boolean;
}

/** What the API asks of the settings. One order at a time, so that each is judged by what the one before has left. */
export class RunningSettings implements SettingsDesk {
  readonly #parts: SettingsDeskParts;
  readonly #turns = new Turns();

  constructor(parts: SettingsDeskParts) {
    this.#parts = parts;
  }

  async state(): Promise<Result<SettingsState, 'failed'>> {
    const { file } = this.#parts;
    const disk = await file.look();
    if (!disk.ok) return disk;
    const { loaded } = file;
    const { hash: etag } = disk.value;
    return ok({ config: loaded.config, etag, edited: etag !== loaded.hash, waiting: this.#waiting });
  }

  get #waiting(): readonly string[] {
    const { file } = this.#parts;
    return pendingRestart(file.started, file.loaded.config);
  }

  write(order: SettingsOrder): Promise<Answer> {
    return this.#turns.run(async () => {
      const wanted = await this.#wanted(order);
      if (!wanted.ok) return wanted;
      const { disk, after, paths } = wanted.value;
      if (paths.length === 0) return ok(this.#written(paths));
      if (!canCut(paths)) return this.#writeNow(order);
      const { word, changes, ...rest } = order;
      const terms = { ...rest, word, ...this.#standardTerms(paths), restart: false };
      return this.#propose({ changes, over: disk.hash }, terms, after);
    });
  }

  tryOut(order: TrialOrder): Promise<Answer> {
    return this.#turns.run(async () => {
      const wanted = await this.#wanted(order);
      if (!wanted.ok) return wanted;
      const { disk, after, paths } = wanted.value;
      if (paths.length === 0) return invalid([{ field: '', message: 'nothing would change' }]);
      const terms = { ...order, confirmedBy: 'word', restart: order.forcedBecause === undefined } as const;
      return this.#propose({ changes: order.changes, over: disk.hash }, terms, after);
    });
  }

  /** As a fleet wants them: on trial whatever they are, confirmed by a word only; started anew only for what needs it. */
  desire({ trial, ...order }: TrialOrder): Promise<Answer> {
    return this.#turns.run(async () => {
      const wanted = await this.#wanted(order);
      if (!wanted.ok) return wanted;
      const { disk, after, paths } = wanted.value;
      if (paths.length === 0) return ok(this.#written(paths));
      const terms = { word: order.word, trial, confirmedBy: 'word', restart: false } as const;
      return this.#propose({ changes: order.changes, over: disk.hash }, terms, after);
    });
  }

  takeOver(order: Pick<SettingsOrder, 'word' | 'forcedBecause'>): Promise<Answer> {
    return this.#turns.run(async () => {
      const { file, follow } = this.#parts;
      const busy = this.#busy();
      if (busy !== undefined) return busy;
      const read = await file.read();
      if (!read.ok) return readRefusal(read);
      const before = file.loaded;
      const paths = changedPaths(before, read.value);
      const { isAppliance } = this.#parts;
      if (canCut(isAppliance ? paths : paths.filter((path) => !touchesHost([path])))) {
        return this.#propose(
          { over: read.value.hash },
          { ...order, ...this.#standardTerms(paths), restart: false },
          read.value,
        );
      }
      file.adopt(read.value);
      return ok(this.#written(paths, await follow(before.config, read.value.config)));
    });
  }

  restart(): void {
    this.#parts.clock.after(ANSWER_TIME, this.#parts.restart);
  }

  /** Judges an order by the file as the client saw it; nothing is written. */
  async #wanted(order: SettingsOrder) {
    const { file } = this.#parts;
    const busy = this.#busy();
    if (busy !== undefined) return busy;
    const disk = await file.look();
    if (!disk.ok) return disk;
    const stale = staleness(order, disk.value, file);
    if (stale !== undefined) return stale;
    const foreign = this.#foreign(order);
    if (foreign !== undefined) return foreign;
    const after = file.plan(order.changes);
    if (!after.ok) return editRefusal(after, order);
    return ok({ disk: disk.value, after: after.value, paths: changedPaths(file.loaded, after.value) });
  }

  async #writeNow({ changes }: SettingsOrder): Promise<Answer> {
    const { file, follow } = this.#parts;
    const before = file.loaded;
    const done = await file.change(changes);
    if (!done.ok) return writeRefusal(done, changes);
    return ok(this.#written(changedPaths(before, done.value), await follow(before.config, done.value.config)));
  }

  async #propose(
    what: Pick<SettingsProposal, 'changes' | 'over'>,
    terms: TrialTerms,
    after: LoadedConfig,
  ): Promise<Answer> {
    const { file, changes } = this.#parts;
    const paths = changedPaths(file.loaded, after);
    const waits = pendingRestart(file.started, after.config).some((path) => paths.includes(path));
    const { word, trial, confirmedBy, forcedBecause } = terms;
    // What is forced waits for a restart like any other setting: there is nothing to try.
    const proposal: SettingsProposal = { ...what, restart: terms.restart || (waits && forcedBecause === undefined) };
    const forced = forcedBecause === undefined ? {} : { forcedBecause };
    const done = await changes.propose({ subject: SETTINGS, proposal, word, trial, confirmedBy, ...forced });
    if (done.ok) return ok(this.#written(paths, [], done.value));
    switch (done.code) {
      case 'pending':
        return done;
      case 'stale':
        return done as Failure<'stale'>;
      case 'invalid':
        return { ...fail('invalid', done.public), problems: [{ field: '', message: done.public }] };
      default:
        return fail('failed', done.public, done.cause);
    }
  }

  #standardTerms(paths: readonly string[]): Pick<TrialTerms, 'trial' | 'confirmedBy'> {
    const trial = lengthOf(this.#parts.file.inEffect.changes.trial);
    return { trial, confirmedBy: needsWord(paths) ? 'word' : 'probes' };
  }

  /** Another's machine is set up with its own tools: what would have no effect is not taken. */
  #foreign({ changes }: Pick<SettingsOrder, 'changes'>): SettingsRefusal | undefined {
    if (this.#parts.isAppliance) return undefined;
    const foreign = changes.filter(({ path }) => touchesHost([path]));
    if (foreign.length === 0) return undefined;
    return invalid(foreign.map(({ path }) => ({ field: path, message: NO_APPLIANCE })));
  }

  /** Whatever is written during a trial of settings would be lost with it. */
  #busy(): SettingsRefusal | undefined {
    const busy = this.#parts.changes.pending();
    if (busy?.change.subject !== SETTINGS) return undefined;
    const { word, summary } = busy.change;
    const text = `${word.actor} has ${summary} on trial until ${rfc3339(busy.until)}; confirm or revert that first`;
    return { ...fail('pending', text), busy };
  }

  #written(applied: readonly string[], warnings: SettingsWritten['warnings'] = [], change?: Change): SettingsWritten {
    const { hash: etag } = this.#parts.file.loaded;
    return { applied, etag, waiting: this.#waiting, warnings, ...(change === undefined ? {} : { change }) };
  }
}

const NO_APPLIANCE = 'has effect on the appliance image alone; this machine is set up with its own tools';

const changedPaths = (before: LoadedConfig, after: LoadedConfig): readonly string[] =>
  changedSettings(before.config, after.config).map(({ path }) => path);

function staleness({ seen }: SettingsOrder, { hash }: ConfigOnDisk, { loaded, path }: ConfigFile) {
  if (seen !== 'anything' && !seen.includes(hash)) {
    return fail('stale', 'the configuration was changed since it was read; read it again');
  }
  if (hash === loaded.hash) return undefined;
  return fail('stale', `${path} was edited by another hand; take that over first (POST /api/v1/settings/reload)`);
}

const invalid = (problems: readonly { readonly field: string; readonly message: string }[]) => ({
  ...fail('invalid', problems.map(({ message }) => message).join('\n')),
  problems,
});

/** Problems by the setting they are about; one that is about none is about the whole order. */
function editRefusal(failure: EditFailure, { changes }: Pick<SettingsOrder, 'changes'>): SettingsRefusal {
  if ('problems' in failure) {
    return invalid(failure.problems.map(({ key, message }) => ({ field: key, message })));
  }
  return invalid(changes.map(({ path }) => ({ field: path, message: failure.public })));
}

function writeRefusal(failure: ConfigFileFailure, changes: SettingsOrder['changes']): SettingsRefusal {
  switch (failure.code) {
    case 'edited':
      return fail('stale', failure.public);
    case 'failed':
    case 'held':
      return fail('failed', failure.public, failure.cause);
    default:
      return editRefusal(failure, { changes });
  }
}

function readRefusal(failure: ReadFailure): SettingsRefusal {
  if ('problems' in failure) {
    const said = failure.problems.map(({ key, line, message }) => ({
      field: key,
      message: `line ${line}: ${message}`,
    }));
    return invalid(said);
  }
  return fail('failed', failure.public, failure.cause);
}
