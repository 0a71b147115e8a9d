import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Slots } from '../../../actors/updater/port.ts';
import type { Progress, Refusal } from '../../../core/image/slots.ts';
import type { BundleSource } from '../../../core/image/source.ts';
import { waitFor } from '../wait-for.ts';

/** What the suite needs: slots of which A runs and is good, and these bundles, by name. */
export interface SlotsGround extends AsyncDisposable {
  readonly slots: Slots;
  source(name: BundleName): BundleSource;
  /** The same slots, to somebody who is killed as soon as an installation has begun. */
  cutOff(): Slots;
  /** Why a refusal of this kind cannot be brought about here. */
  readonly lacks?: Partial<Record<BundleName, string>>;
}

/** `good` is version 1.1.0. */
export const BUNDLES = [
  'good',
  'foreign',
  'damaged',
  'cut',
  'noise',
  'compat',
  'large',
  'nowhere',
  'unserved',
] as const;
export type BundleName = (typeof BUNDLES)[number];

const REFUSED: readonly (readonly [BundleName, Refusal])[] = [
  ['foreign', 'foreign'],
  ['damaged', 'damaged'],
  ['cut', 'damaged'],
  ['noise', 'damaged'],
  ['compat', 'incompatible'],
  ['large', 'no_space'],
  ['nowhere', 'unreachable'],
  ['unserved', 'unreachable'],
];

/** What the updater relies on, of RAUC and of the fake alike. */
export function slotsSuite(name: string, open: () => Promise<SlotsGround>): void {
  test(`${name}: slots`, async (t) => {
    await using ground = await open();
    const { slots } = ground;
    await t.test('A runs and is good, B is not booted, and it is said what bundles must be for', async () => {
      const listed = await slots.list();
      assert.ok(listed.ok, JSON.stringify(listed));
      const [a, b] = listed.value.slots;
      assert.deepEqual([a?.name, a?.isBooted, a?.state, b?.name, b?.isBooted], ['A', true, 'good', 'B', false]);
      assert.equal(listed.value.compatible, 'bartizan-amd64');
    });
    for (const [bundle, code] of REFUSED)
      await t.test(`a bundle ${bundle} is refused as ${code}`, { skip: ground.lacks?.[bundle] ?? false }, async () => {
        const done = await slots.install(ground.source(bundle), () => undefined);
        assert.equal(done.ok, false);
        assert.equal(!done.ok && done.code, code, JSON.stringify(done));
        const listed = await slots.list();
        assert.ok(listed.ok && listed.value.slots[0]?.isBooted === true);
      });
    await t.test('a good one says what it is', { skip: ground.lacks?.good ?? false }, async () => {
      const looked = await slots.inspect(ground.source('good'));
      assert.ok(looked.ok, JSON.stringify(looked));
      const { sums = {}, ...said } = looked.value;
      assert.deepEqual(said, { version: '1.1.0', compatible: 'bartizan-amd64' });
      assert.deepEqual(Object.keys(sums).sort(), ['kernel', 'rootfs']);
    });
    await t.test('of two at a time one is busy, and the other is installed with rising progress', async () => {
      // Either may come first, and where they follow each other both are installed.
      const told: readonly [Progress[], Progress[]] = [[], []];
      const first = slots.install(ground.source('good'), (progress) => void told[0].push(progress));
      const second = await slots.install(ground.source('good'), (progress) => void told[1].push(progress));
      const outcomes = [await first, second];
      assert.equal(outcomes.filter(({ ok }) => ok).length >= 1, true, JSON.stringify(outcomes));
      for (const [i, one] of outcomes.entries()) {
        if (!one.ok) assert.equal(one.code, 'busy');
        const percents = told[i === 0 ? 0 : 1].map(({ percent }) => percent);
        if (one.ok) assert.equal(percents.at(-1), 100);
        assert.deepEqual(
          percents,
          percents.toSorted((x, y) => x - y),
        );
      }
    });
    await t.test('then B has its version and is booted next', async () => {
      const listed = await slots.list();
      assert.ok(listed.ok);
      const [a, b] = listed.value.slots;
      assert.deepEqual([b?.version, b?.isFirst, b?.state, a?.isFirst], ['1.1.0', true, 'good', false]);
      assert.match(b?.installedAt ?? '', /^\d{4}-\d\d-\d\dT/);
      const looked = await slots.inspect(ground.source('good'));
      assert.deepEqual(b?.sums, looked.ok && looked.value.sums);
    });
    await t.test(
      'whoever is cut off hears how it ended by asking what RAUC is at',
      { skip: ground.lacks?.good ?? false },
      async () => {
        const cut = await ground.cutOff().install(ground.source('good'), () => undefined);
        assert.equal(!cut.ok && cut.code, 'unknown', JSON.stringify(cut));
        const work = await waitFor('RAUC to be done', async () => {
          const now = await slots.work();
          return now.ok && !now.value.isInstalling ? now.value : undefined;
        });
        assert.equal(work.lastError, '');
        const failed = await slots.install(ground.source('foreign'), () => undefined);
        assert.equal(failed.ok, false);
        const after = await slots.work();
        assert.ok(after.ok && !after.value.isInstalling && after.value.lastError !== '', JSON.stringify(after));
      },
    );
  });
}
