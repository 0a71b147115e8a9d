import { fail, ok, type Result } from '../../core/base/result.ts';
import {
  type BundleFacts,
  otherSlot,
  type Progress,
  type Refusal,
  type Slot,
  type SlotName,
  type SlotsView,
} from '../../core/image/slots.ts';
import type { BundleSource } from '../../core/image/source.ts';
import type { Slots } from './port.ts';

/** A bundle of the fake: what it says of itself, or why it is refused and when. */
export type FakeBundle = { readonly facts: BundleFacts; readonly refused?: Refusal } | { readonly refused: Refusal };

export const FAKE_COMPATIBLE = 'bartizan-amd64';

/** Slots in memory that behave as RAUC's do: it passes the same suite. */
export class FakeSlots implements Slots {
  readonly bundles = new Map<string, FakeBundle>();
  /** While it is set an installation stands still at half of it. */
  hold: Promise<void> | undefined;
  unavailable = false;
  #slots: readonly Slot[];
  #busy = false;

  constructor(running: SlotName, version: string) {
    this.#slots = [
      { name: running, isBooted: true, isFirst: true, state: 'good', version },
      { name: otherSlot(running), isBooted: false, isFirst: false, state: 'bad' },
    ];
  }

  /** As after a boot of this slot that was marked good. */
  boot(slot: SlotName, state: Slot['state'] = 'good'): void {
    this.#busy = false;
    this.#slots = this.#slots.map((one) =>
      one.name === slot ? { ...one, isBooted: true, state } : { ...one, isBooted: false },
    );
  }

  async list(): Promise<Result<SlotsView, 'busy' | 'unavailable'>> {
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

  async install(source: BundleSource, tell: (progress: Progress) => void): Promise<Result<void, Refusal>> {
    if (this.#busy) return fail('busy', 'RAUC is at work on something else');
    const looked = await this.inspect(source);
    if (!looked.ok) return looked;
    if (looked.value.compatible !== FAKE_COMPATIBLE) return fail('incompatible', 'made for another kind of machine');
    this.#busy = true;
    try {
      return await this.#write(source, looked.value, tell);
    } finally {
      this.#busy = false;
    }
  }

  async #write(source: BundleSource, { version }: BundleFacts, tell: (progress: Progress) => void) {
    const target = this.#slots.find(({ isBooted }) => !isBooted);
    tell({ percent: 0, message: 'Installing' });
    this.#change(target?.name, { state: 'bad' });
    tell({ percent: 50, message: 'Copying image' });
    await this.hold;
    const bundle = this.#bundle(source);
    if (bundle?.refused !== undefined) return fail(bundle.refused, `refused: ${bundle.refused}`);
    this.#change(target?.name, { state: 'good', version, installedAt: '2026-01-01T00:00:00Z' });
    this.#slots = this.#slots.map((one) => ({ ...one, isFirst: one.name === target?.name }));
    tell({ percent: 100, message: 'Installing done.' });
    return ok(undefined);
  }

  #change(name: SlotName | undefined, change: Partial<Slot>): void {
    this.#slots = this.#slots.map((one) => {
      if (one.name !== name) return one;
      const { version: _, installedAt: __, ...bare } = one;
      return { ...bare, ...change };
    });
  }

  #bundle(source: BundleSource): FakeBundle | undefined {
    return this.bundles.get(source.kind === 'file' ? source.path : source.url);
  }
}
