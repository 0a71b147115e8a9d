import type { AuditSink } from '../../core/api/audit.ts';
import type { ImageStatus, Images, InstallOrder, InstallRefusal, Media, UpdateStand } from '../../core/api/image.ts';
import { NO_APPLIANCE } from '../../core/api/image.ts';
import { LATE, within } from '../../core/api/within.ts';
import type { Component } from '../../core/base/component.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { withoutUrlSecrets } from '../../core/base/shown-url.ts';
import { type Millis, millis, seconds } from '../../core/base/time.ts';
import { readSerial, type Serial } from '../../core/field/serial.ts';
import { endOf, type Said } from '../../core/image/ending.ts';
import type { Facts } from '../../core/image/health.ts';
import { confirmOutcome } from '../../core/image/health-text.ts';
import { judgeBundle } from '../../core/image/judge-bundle.ts';
import type { BootWords, Release } from '../../core/image/release.ts';
import { type BundleFacts, otherSlot, type SlotName, type SlotsView } from '../../core/image/slots.ts';
import { type BundleSource, parseSource } from '../../core/image/source.ts';
import {
  begun,
  ended,
  type Here,
  isBegunIn,
  type LastUpdate,
  type PendingUpdate,
  stateOf,
} from '../../core/image/update.ts';
import type { Service } from '../supervisor/index.ts';
import { FOLLOW_EVERY, Following } from './following.ts';
import type { HealthReports } from './health-reports.ts';
import type { UpdateBook } from './memory.ts';
import type { Slots, UpdaterFiles } from './port.ts';
import { refuseSlot } from './refuse.ts';
import { aboutOf, lossIn, STUCK, wordsOn } from './words.ts';

/** This machine as an appliance. */
export interface ApplianceHere {
  readonly release: Release;
  /** Absent where the boot loader has named no slot. */
  readonly boot: BootWords | undefined;
  readonly bootId: string;
  /** Absent where this device has none. */
  readonly serial: Serial | undefined;
}

export interface UpdaterParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly files: UpdaterFiles;
  readonly book: UpdateBook;
  readonly slots: Slots;
  readonly health: HealthReports;
  /** Undefined on a host that is no appliance. */
  readonly here: ApplianceHere | undefined;
  /** What of the machine's subsystems is to hold after the update, too. */
  readonly facts: () => Facts;
  /** Why nothing is fetched from this host, if so. */
  readonly refusedHost: (host: string) => Promise<string | undefined>;
  /** Asks root for it. */
  readonly ask: (verb: 'reboot' | 'factory-reset' | 'refuse-slot') => Promise<Result<void, string>>;
  /** What this daemon does of its own accord is on record as well. */
  readonly audit: AuditSink;
  /** An update that was tried did not hold; a slot that was confirmed is not well; what was installed is not what was judged. */
  readonly alarm: (what: 'fell_back' | 'unhealthy' | 'refused', message: string) => void;
}

/** What `systemd/confirm` says of this boot. */
export const OUTCOME_FILE = '/run/bartizan-confirm/outcome';
const LOOK_EVERY: Millis = seconds(10);
/** RAUC's service is started anew by whoever asks next; it takes a moment. */
const AFTER_CRASH: Millis = seconds(2);
/** Whoever asks how it is sees the slots as they were when RAUC takes longer. */
const LOOK_WITHIN: Millis = seconds(5);
/** Sticks that do not answer must not keep the rest from being shown. */
const MEDIA_WITHIN: Millis = seconds(2);

/**
 * Updates of the image, by hand. The steps are apart, so that whoever runs trials can take them one by one: `judge` changes
 * nothing, `#carryOut` writes the other slot and cannot be taken back, the boot is the trial, `systemd/confirm` ends it
 * well, and the boot loader's counters, which need none of this program, take it back. `#settle` finds out at a start
 * which of these has happened.
 */
export class Updater implements Images, Service {
  readonly id = 'image';
  readonly #parts: UpdaterParts;
  readonly #listeners = new Set<(stand: UpdateStand) => void>();
  readonly #since: Millis;
  /** Nothing is known until the first `#settle`: whoever follows an update over a new start must not take it for over. */
  #stand: UpdateStand;
  #view: SlotsView = { slots: [], compatible: '' };
  #trouble: string | undefined;
  #looking: Promise<boolean> | undefined;
  /** Looks at the slots that were begun, and the latest of these that has come to its end. */
  #looks = 0;
  #seen = 0;
  #seenAt = millis(0);
  #seenWith = '';
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;
  /** There while RAUC may be at an installation that nobody of us waits for. */
  #following: Following | undefined;
  #media: Promise<readonly Media[]> | undefined;
  #alarmed = false;
  #hasToldLoss = false;
  #isStopped = false;

  constructor(parts: UpdaterParts) {
    this.#parts = parts;
    this.#since = parts.clock.now();
    this.#stand = { phase: parts.here === undefined ? 'idle' : 'unknown' };
  }

  async start(): Promise<void> {
    this.#isStopped = false;
    if (this.#parts.here === undefined) return;
    await this.#parts.book.load();
    await this.#settleAlone();
    // RAUC's service may take its time to come up, for which no start has to wait.
    void this.#findOut();
  }

  async #findOut(): Promise<void> {
    try {
      await this.#look();
      // What was begun meanwhile tells of itself, and is followed by nobody else.
      if (!this.#isStopped && this.#running === undefined) await this.#settle();
    } catch (cause) {
      this.#parts.log('error', 'the image was not looked at', { error: messageOf(cause) });
    }
    this.#again();
  }

  /** What is known without RAUC: that nothing was on its way, waits for a boot, or is what this boot's health is compared with. */
  async #settleAlone(): Promise<void> {
    const { book, here } = this.#parts;
    const { pending } = book.memory;
    const state = pending && here?.boot && stateOf(pending, this.#hereAt(here, here.boot));
    if (state === undefined || state === 'waiting' || state === 'trial') await this.#settle();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
  }

  /** Undefined where this machine is no appliance. */
  component(): Component | undefined {
    const { here } = this.#parts;
    if (here === undefined) return undefined;
    const described = { name: this.id, since: this.#since, counters: {} };
    const detail = `version ${here.release.version} in slot ${here.boot?.slot ?? '?'}${wordsOn(this.#stand)}`;
    const message = this.#following?.isStuck === true ? STUCK : this.#trouble;
    if (message !== undefined) return { ...described, state: 'degraded', detail, message };
    return { ...described, state: 'ok', detail };
  }

  stand(): UpdateStand {
    return this.#stand;
  }

  onProgress(listener: (stand: UpdateStand) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async status(): Promise<ImageStatus | undefined> {
    const { here, health, files, book } = this.#parts;
    if (here === undefined) return undefined;
    const told = (await files.read(OUTCOME_FILE)) ?? '';
    if (this.#running === undefined && this.#isStale(told)) {
      await within(this.#parts.clock, LOOK_WITHIN, this.#lookOnce());
      this.#seenWith = told;
    }
    const { counters, passedOver: _, ...outcome } = confirmOutcome(told) ?? {};
    const confirmation = 'state' in outcome ? outcome : undefined;
    const { failed, last } = book.memory;
    return {
      version: here.release.version,
      isLab: here.release.isLab,
      ...(here.boot === undefined ? {} : { slot: here.boot.slot }),
      slots: this.#view.slots,
      ...(this.#trouble === undefined ? {} : { trouble: this.#trouble }),
      update: this.#stand,
      health: health.current(),
      ...(confirmation === undefined ? {} : { confirmation }),
      // RAUC has changed them since they were read, or is about to.
      ...(counters === undefined || isBegunIn(book.memory, here.bootId) ? {} : { counters }),
      failedVersions: failed,
      ...(last === undefined ? {} : { last }),
      media: await this.#bundles(),
    };
  }

  /** RAUC starts a dozen programs for each look, and consoles ask every few seconds: what marks a slot is told by the confirmer. */
  #isStale(told: string): boolean {
    const isOld = this.#parts.clock.now() >= this.#seenAt + LOOK_EVERY;
    return isOld || this.#trouble !== undefined || this.#stand.phase === 'unknown' || told !== this.#seenWith;
  }

  /** Of sticks that answer in time. One that hangs is asked once, not by everybody who looks. */
  async #bundles(): Promise<readonly Media[]> {
    const { files, clock } = this.#parts;
    this.#media ??= files.bundles().finally(() => {
      this.#media = undefined;
    });
    const found = await within(clock, MEDIA_WITHIN, this.#media);
    return found === LATE ? [] : found;
  }

  async install(order: InstallOrder): Promise<Result<UpdateStand, InstallRefusal>> {
    const { here } = this.#parts;
    if (here === undefined) return fail('no_appliance', NO_APPLIANCE);
    const busy = this.#busy();
    if (busy !== undefined) return fail('busy', busy);
    const judged = Promise.withResolvers<Result<UpdateStand, InstallRefusal>>();
    this.#running = this.#update(here, order, judged.resolve)
      .catch((cause: unknown) => {
        this.#parts.log('error', 'an update ended in a bug', { error: messageOf(cause) });
        this.#turn({ phase: 'idle' });
        judged.resolve(fail('failed', messageOf(cause), cause));
      })
      .finally(() => {
        this.#running = undefined;
      });
    return judged.promise;
  }

  async reboot(): ReturnType<Images['reboot']> {
    return this.#ask('reboot');
  }

  async factoryReset(confirm: string): ReturnType<Images['factoryReset']> {
    const { here } = this.#parts;
    if (here === undefined) return fail('no_appliance', NO_APPLIANCE);
    if (here.serial === undefined)
      return fail('failed', 'this device has no serial that could be given as confirmation');
    if (readSerial(confirm) !== here.serial) {
      return fail('wrong_serial', 'confirm must be the serial of this device');
    }
    return this.#ask('factory-reset');
  }

  async #ask(verb: 'reboot' | 'factory-reset'): Promise<Result<void, 'no_appliance' | 'busy' | 'failed'>> {
    if (this.#parts.here === undefined) return fail('no_appliance', NO_APPLIANCE);
    const busy = this.#following?.isStuck === true ? undefined : this.#busy();
    if (busy !== undefined) return fail('busy', `${busy}: its slot could not be booted`);
    const asked = await this.#parts.ask(verb);
    return asked.ok ? asked : fail('failed', asked.public, asked.cause);
  }

  /** Why nothing else is begun. */
  #busy(): string | undefined {
    const { phase, version = 'an update' } = this.#stand;
    if (phase === 'unknown' && this.#stand.version === undefined)
      return 'it is not known yet what the last update became';
    if (phase === 'unknown') return `${version} is still being installed by RAUC, whose asker was cut off`;
    if (this.#running === undefined) return undefined;
    return phase === 'checking' ? 'another bundle is being checked' : `${version} is being installed`;
  }

  /** Resolves when RAUC is done; `judged` is called as soon as it is at it, or will not be. */
  async #update(
    here: ApplianceHere,
    order: InstallOrder,
    judged: (result: Result<UpdateStand, InstallRefusal>) => void,
  ): Promise<void> {
    this.#turn({ phase: 'checking', source: withoutUrlSecrets(order.source), since: this.#parts.clock.now() });
    const plan = await this.#judge(here, order);
    if (!plan.ok) {
      this.#turn(await this.#rest());
      return judged(plan);
    }
    const { source, facts, at } = plan.value;
    const pending = begun(at, {
      version: facts.version,
      source: withoutUrlSecrets(order.source),
      at: this.#parts.clock.now(),
      actor: order.actor,
      before: this.#parts.facts(),
      ...(facts.sums === undefined ? {} : { sums: facts.sums }),
      ...this.#writtenBefore(at.slot),
    });
    await this.#parts.book.keep({ ...this.#parts.book.memory, pending });
    this.#turn({ ...aboutOf(pending), phase: 'installing', percent: 0 });
    judged(ok(this.#stand));
    await this.#carryOut(pending, source);
  }

  #writtenBefore(running: SlotName): Pick<PendingUpdate, 'writtenBefore'> {
    const target = this.#view.slots.find(({ name }) => name === otherSlot(running));
    return target?.installedAt === undefined ? {} : { writtenBefore: target.installedAt };
  }

  /** Everything that can be known before anything is written. */
  async #judge(
    here: ApplianceHere,
    { source: text, allow }: InstallOrder,
  ): Promise<Result<{ source: BundleSource; facts: BundleFacts; at: Here }, InstallRefusal>> {
    const { boot, release, bootId } = here;
    if (boot === undefined) return fail('unavailable', 'the boot loader has not said which slot runs');
    const source = parseSource(text);
    if (!source.ok) return source;
    const refused = source.value.kind === 'url' ? await this.#parts.refusedHost(source.value.host) : undefined;
    if (refused !== undefined) return fail('bad_source', refused);
    if (await this.#look()) return fail('busy', 'RAUC is at work on something that was not asked for here');
    if (this.#trouble !== undefined) return fail('unavailable', this.#trouble);
    const running = this.#view.slots.find(({ name }) => name === boot.slot);
    if (running?.state !== 'good') {
      const why = 'the other one is what it would fall back to';
      return fail('unconfirmed', `slot ${boot.slot} is not confirmed yet in this boot, and ${why}`);
    }
    const facts = await this.#retried(() => this.#parts.slots.inspect(source.value));
    if (!facts.ok) return facts;
    const { compatible } = facts.value;
    if (compatible !== this.#view.compatible) {
      return fail('incompatible', `the bundle is made for ${compatible}, this is ${this.#view.compatible}`);
    }
    const { version } = release;
    const fits = judgeBundle(facts.value, version, this.#parts.book.memory.failed, allow);
    return fits.ok ? ok({ source: source.value, facts: facts.value, at: { slot: boot.slot, version, bootId } }) : fits;
  }

  async #carryOut(pending: PendingUpdate, source: BundleSource): Promise<void> {
    const { slots, log } = this.#parts;
    const { version } = pending.to;
    log('info', 'update begun', { version, slot: pending.to.slot, source: pending.source, actor: pending.actor });
    const done = await this.#retried(() =>
      slots.install(source, ({ percent, message }) => this.#turn({ ...this.#stand, percent, message })),
    );
    if (done.ok) return this.#over(pending, { isDone: true, lastError: '' });
    // That whoever asked has come to an end, however it did, does not mean that RAUC has.
    const work = done.code === 'busy' ? undefined : await slots.work();
    if (done.code === 'unknown' || (work?.ok === true && work.value.isInstalling)) {
      log('warn', 'whoever waited for RAUC was cut off; RAUC is followed', { version, reason: done.public });
      return this.#follow(pending);
    }
    log('error', 'update failed', { version, code: done.code, reason: done.public });
    this.#turn(await this.#end(pending, 'failed', done.public));
  }

  /** One look at an installation that nobody waits for; the next is taken by `#again`. */
  async #follow(pending: PendingUpdate): Promise<void> {
    this.#following ??= new Following();
    const work = await this.#parts.slots.work();
    const isGoing = work.ok ? this.#following.hears(work.value) : this.#following.hearsNothing();
    if (isGoing) {
      const { percent, message } = (work.ok && work.value.progress) || {};
      const progress = percent === undefined || message === undefined ? {} : { percent, message };
      return this.#turn({ ...aboutOf(pending), ...progress, phase: 'unknown' });
    }
    if (work.ok) return this.#over(pending, { isDone: false, lastError: work.value.lastError });
    this.#turn(await this.#end(pending, 'interrupted', work.public));
  }

  /** RAUC is done with it, one way or another: what the slot holds decides. */
  async #over(pending: PendingUpdate, said: Said): Promise<void> {
    const isBusy = await this.#look();
    if (isBusy || this.#trouble !== undefined) {
      this.#following ??= new Following();
      if (this.#following.hearsNothing()) return this.#turn({ ...aboutOf(pending), phase: 'unknown' });
    }
    this.#following = undefined;
    const ending = endOf(
      pending,
      this.#view.slots.find(({ name }) => name === pending.to.slot),
      said,
    );
    if (ending.result === 'installed') return this.#installed(pending);
    const why = ending.result === 'refused' ? await refuseSlot(this.#parts, pending, ending.why) : ending.why;
    this.#turn(await this.#end(pending, ending.result, why));
    if (ending.result === 'refused') await this.#look();
  }

  async #installed(pending: PendingUpdate): Promise<void> {
    const { book, log } = this.#parts;
    const installed: PendingUpdate = { ...pending, phase: 'installed' };
    await book.keep({ ...book.memory, pending: installed });
    log('info', 'update installed; the next boot takes it', { version: pending.to.version, slot: pending.to.slot });
    this.#turn({ ...aboutOf(installed), phase: 'installed' });
  }

  /** Once more where RAUC's service went away: it may have been in the midst of something, or the bundle crashes it. */
  async #retried<V, C extends string>(work: () => Promise<Result<V, C>>): Promise<Result<V, C>> {
    const first = await work();
    if (first.ok || first.code !== 'crashed') return first;
    const now = await this.#parts.slots.work();
    if (now.ok && now.value.isInstalling) return first;
    this.#parts.log('warn', "RAUC's service went away; trying once more", { reason: first.public });
    await new Promise<void>((resolve) => void this.#parts.clock.after(AFTER_CRASH, resolve));
    return work();
  }

  /** However many ask at once, RAUC is asked once. */
  async #lookOnce(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  /** @returns whether RAUC is at work on something, and says nothing of the slots meanwhile */
  async #look(): Promise<boolean> {
    const mine = ++this.#looks;
    const listed = await this.#parts.slots.list();
    // One that took long must not bring back what was before a look that was begun after it.
    if (mine > this.#seen) {
      this.#seen = mine;
      if (listed.ok) this.#view = listed.value;
      this.#seenAt = this.#parts.clock.now();
      this.#trouble = listed.ok || listed.code === 'busy' ? undefined : listed.public;
    }
    return !listed.ok && listed.code === 'busy';
  }

  /** What has become of the update that is written down. */
  async #settle(): Promise<void> {
    const stand = await this.#rest();
    // Somebody may have begun another one meanwhile, which tells of itself.
    if (this.#running === undefined) this.#turn(stand);
  }

  /** What there is to show while nothing is asked of RAUC. */
  async #rest(): Promise<UpdateStand> {
    const { book, here } = this.#parts;
    const { pending } = book.memory;
    if (pending === undefined || here?.boot === undefined) return { phase: 'idle' };
    switch (stateOf(pending, this.#hereAt(here, here.boot))) {
      case 'trial':
        return this.#onTrial(pending);
      case 'waiting':
        return { ...aboutOf(pending), phase: 'installed' };
      case 'unknown':
        await this.#follow(pending);
        return this.#stand;
      case 'fell_back':
        return this.#fellBack(pending);
      case 'interrupted':
        return this.#end(pending, 'interrupted', 'the machine was started anew while it was being installed');
      case 'superseded':
        return this.#end(pending, 'failed', `slot ${pending.to.slot} was given something else`);
    }
  }

  #hereAt({ release, bootId }: ApplianceHere, { slot }: BootWords): Here {
    const otherVersion = this.#view.slots.find(({ name }) => name !== slot)?.version;
    return { slot, version: release.version, bootId, ...(otherVersion === undefined ? {} : { otherVersion }) };
  }

  async #onTrial(pending: PendingUpdate): Promise<UpdateStand> {
    this.#parts.health.compareWith(pending.before);
    const outcome = confirmOutcome((await this.#parts.files.read(OUTCOME_FILE)) ?? '');
    if (outcome?.state !== 'confirmed') return { ...aboutOf(pending), phase: 'confirming' };
    return this.#end(pending, 'confirmed', 'healthy over its whole window');
  }

  async #fellBack(pending: PendingUpdate): Promise<UpdateStand> {
    const { version, slot } = pending.to;
    const why = `slot ${slot} was booted and did not hold`;
    this.#parts.alarm('fell_back', `The update to ${version} fell back to ${pending.from.version}: ${why}`);
    return this.#end(pending, 'fell_back', why);
  }

  async #end({ to, bootId }: PendingUpdate, result: LastUpdate['result'], why: string): Promise<UpdateStand> {
    const { book, clock, log } = this.#parts;
    log(result === 'confirmed' ? 'info' : 'error', 'update ended', { version: to.version, result, why });
    await book.keep(ended(book.memory, { version: to.version, result, at: clock.now(), why, bootId }));
    return { phase: 'idle' };
  }

  /** From time to time: whether the trial is over, RAUC is done, and how the confirmed slot is. */
  #again(): void {
    if (this.#isStopped) return;
    const next = this.#stand.phase === 'unknown' ? FOLLOW_EVERY : LOOK_EVERY;
    this.#cancel = this.#parts.clock.after(next, () => {
      void this.#tick()
        .catch((cause: unknown) => this.#parts.log('error', 'the image was not looked at', { error: messageOf(cause) }))
        .finally(() => this.#again());
    });
  }

  async #tick(): Promise<void> {
    const { phase } = this.#stand;
    if (this.#running === undefined && (phase === 'confirming' || phase === 'unknown')) await this.#settle();
    const outcome = confirmOutcome((await this.#parts.files.read(OUTCOME_FILE)) ?? '');
    const isWrong = outcome?.state === 'unhealthy' || outcome?.state === 'unmarked';
    if (isWrong && !this.#alarmed)
      this.#parts.alarm('unhealthy', `Slot ${outcome.slot} is not confirmed: ${outcome.why}`);
    this.#alarmed = isWrong;
    const { book, here } = this.#parts;
    const lost =
      this.#hasToldLoss || phase === 'unknown' ? undefined : lossIn(outcome, book.memory, here?.release.version ?? '');
    if (lost !== undefined) this.#parts.alarm('fell_back', lost);
    this.#hasToldLoss ||= lost !== undefined;
  }

  #turn(stand: UpdateStand): void {
    this.#stand = stand;
    for (const listener of this.#listeners) listener(stand);
  }
}
