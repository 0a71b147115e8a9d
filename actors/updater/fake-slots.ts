import { fail, ok, type Result } from '../../core/base/result.ts';
import {
  type BundleFacts,
  otherSlot,
  type Progress,
  type Refusal,
  type Slot,
  type SlotName,
  type SlotsView,
  type Work,
} from '../../core/image/slots.ts';
import type { BundleSource } from '../../core/image/source.ts';
import type { InstallEnd, Slots } from './port.ts';

/** A bundle of the fake: what it says of itself, or why it is refused and when. */
export type FakeBundle =
  | {
      readonly facts: BundleFacts;
      readonly refused?: Refusal;
      /** What is there when it is installed, where that is something else by then. */
      readonly swapped?: BundleFacts;
    }
  | { readonly refused: Refusal };

export const FAKE_COMPATIBLE = 'bartizan-amd64';

/** Slots in memory that behave as RAUC's do: it passes the same suite. */
export class FakeSlots implements Slots {
  readonly bundles = new Map<string, FakeBundle>();
  /** While it is set an installation stands still at half of it. */
  hold: Promise<void> | undefined;
  unavailable = false;
  /** While it is set a look at the slots takes that long. */
  slow: Promise<void> | undefined;
  /** Whoever waits for an installation is cut off; it goes on. */
  cutsOff = false;
  #work: Work = { isInstalling: false, lastError: '' };
  #slots: readonly Slot[];
  #busy = false;
  #boots = 0;
  #installs = 0;

  constructor(running: SlotName, version: string) {
    this.#slots = [
      { name: running, isBooted: true, isFirst: true, state: 'good', version },
      { name: otherSlot(running), isBooted: false, isFirst: false, state: 'bad' },
    ];
  }

  /** As after a boot of this slot that was marked good. */
  boot(slot: SlotName, state: Slot['state'] = 'good'): void {
    this.#busy = false;
    this.#boots++;
    this.#work = { isInstalling: false, lastError: '' };
    this.#slots = this.#slots.map((one) =>
      one.name === slot ? { ...one, isBooted: true, state } : { ...one, isBooted: false },
    );
  }

  async list(): Promise<Result<SlotsView, 'busy' | 'unavailable'>> {
    await this.slow;
    if (this.unavailable) return fail('unavailable', "RAUC's service does not answer");
    if (this.#busy) return fail('busy', 'RAUC is at work on something else');
    const slots = [...this.#slots].sort((a, b) => (a.name < b.name ? -1 : 1));
    return ok({ slots, compatible: FAKE_COMPATIBLE });
  }

  async inspect(source: BundleSource): Promise<Result<BundleFacts, Refusal>> {
    const bundle = this.#bundle(source);
    if (this.unavailable) return fail('unavailable', "RAUC's service does not answer");
    if (bundle === undefined) return fail('unreachable', 'the bundle cannot be read from there');
    return 'facts' in bundle ? ok(bundle.facts) : fail(bundle.refused, `refused: ${bundle.refused}`);
  }

  async install(source: BundleSource, tell: (progress: Progress) => void): Promise<Result<void, InstallEnd>> {
    if (this.#busy) return fail('busy', 'RAUC is at work on something else');
    const looked = await this.inspect(source);
    if (!looked.ok) {
      this.#work = { isInstalling: false, lastError: looked.public };
      return looked;
    }
    if (looked.value.compatible !== FAKE_COMPATIBLE) return fail('incompatible', 'made for another kind of machine');
    this.#busy = true;
    const boot = this.#boots;
    const written = this.#write(source, looked.value, (progress) => {
      this.#work = { isInstalling: true, progress, lastError: '' };
      tell(progress);
    }).then((done) => {
      if (boot !== this.#boots) return fail('crashed' as const, 'the machine was started anew');
      this.#busy = false;
      this.#work = { isInstalling: false, lastError: done.ok ? '' : done.public };
      return done;
    });
    return this.cutsOff ? fail('unknown', 'rauc was killed (SIGKILL)') : written;
  }

  async work(): Promise<Result<Work, 'unavailable'>> {
    return this.unavailable ? fail('unavailable', "RAUC's service does not answer") : ok(this.#work);
  }

  /** As root does it when it is asked to. */
  markOtherBad(): void {
    this.#change(this.#slots.find(({ isBooted }) => !isBooted)?.name, { state: 'bad', isFirst: false });
  }

  /** RAUC's service goes away in the midst of whatever it was at. */
  crash(): void {
    this.#boots++;
    this.#busy = false;
    this.#work = { isInstalling: false, lastError: '' };
  }

  async #write(
    source: BundleSource,
    looked: BundleFacts,
    tell: (progress: Progress) => void,
  ): Promise<Result<void, Refusal>> {
    const boot = this.#boots;
    const target = this.#slots.find(({ isBooted }) => !isBooted);
    tell({ percent: 0, message: 'Installing' });
    this.#empty(target?.name);
    tell({ percent: 50, message: 'Copying image' });
    await this.hold;
    if (boot !== this.#boots) return fail('crashed', 'the machine was started anew');
    const bundle = this.#bundle(source);
    if (bundle?.refused !== undefined) return fail(bundle.refused, `refused: ${bundle.refused}`);
    const { version, sums = {} } = (bundle !== undefined && 'facts' in bundle && bundle.swapped) || looked;
    this.#installs++;
    const installedAt = `2026-01-01T00:00:0${this.#installs}Z`;
    this.#change(target?.name, { state: 'good', version, sums, installedAt });
    this.#slots = this.#slots.map((one) => ({ ...one, isFirst: one.name === target?.name }));
    tell({ percent: 100, message: 'Installing done.' });
    return ok(undefined);
  }

  /** Whose writing has begun is whole no more, and not booted. */
  #empty(name: SlotName | undefined): void {
    this.#slots = this.#slots.map((one) =>
      one.name === name ? { name, isBooted: one.isBooted, isFirst: false, state: 'bad' } : { ...one, isFirst: true },
    );
  }

  #change(name: SlotName | undefined, change: Partial<Slot>): void {
    this.#slots = this.#slots.map((one) => (one.name === name ? { ...one, ...change } : one));
  }

  #bundle(source: BundleSource): FakeBundle | undefined {
    return this.bundles.get(source.kind === 'file' ? source.path : source.url);
  }
}
