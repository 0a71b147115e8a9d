import { FAKE_COMPATIBLE, FakeSlots } from '../../../../actors/updater/fake-slots.ts';
import type { Slots } from '../../../../actors/updater/port.ts';
import { fail } from '../../../../core/base/result.ts';
import type { Refusal } from '../../../../core/image/slots.ts';
import type { BundleSource } from '../../../../core/image/source.ts';
import { type BundleName, slotsSuite } from '../../../support/updates/slots-suite.ts';

const REFUSED: Partial<Record<BundleName, Refusal>> = {
  foreign: 'foreign',
  damaged: 'damaged',
  cut: 'damaged',
  noise: 'damaged',
  large: 'no_space',
};

slotsSuite('fake', async () => {
  const slots = new FakeSlots('A', '1.0.0');
  const sums = { kernel: 'a'.repeat(64), rootfs: 'b'.repeat(64) };
  const facts = { version: '1.1.0', compatible: FAKE_COMPATIBLE, sums };
  slots.bundles.set('/good', { facts });
  slots.bundles.set('/compat', { facts: { ...facts, compatible: 'other-machine' } });
  for (const [name, refused] of Object.entries(REFUSED)) slots.bundles.set(`/${name}`, { refused });
  const source = (name: BundleName): BundleSource => ({ kind: 'file', path: `/${name}` });
  const cutOff = (): Slots => ({
    ...{ list: () => slots.list(), inspect: (from) => slots.inspect(from), work: () => slots.work() },
    install: async (from, tell) => {
      await slots.install(from, tell);
      return fail('unknown', 'cut off');
    },
  });
  return { slots, source, cutOff, [Symbol.asyncDispose]: async () => undefined };
});
