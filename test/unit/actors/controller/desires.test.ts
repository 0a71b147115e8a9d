import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Desires } from '../../../../actors/controller/desires.ts';
import type { Member } from '../../../../actors/controller/fleet.ts';
import { ok } from '../../../../core/base/result.ts';
import { hours, minutes } from '../../../../core/base/time.ts';
import { contents, desires as kept } from '../../../../core/controller/records.ts';
import type { DesiredState } from '../../../../core/link/reported.ts';
import { pressingSite, settled } from '../../../support/link/pressing-site.ts';

async function site(count: number) {
  const made = await pressingSite();
  const desires = new Desires({ ...made, outgoing: made.outgoing(), signer: async () => ok(made.signer) });
  const members = made.members(count);
  const wish = (mode: string) => ({
    ...{ content: { sections: [{ name: 'firewall', values: { mode } }], rules: [] }, merge: false, over: false },
    ...{ trial: minutes(2), signer: made.signer },
  });
  const report = (member: Member | undefined, more: Partial<DesiredState>): void => {
    assert.ok(member !== undefined);
    const none = { text: '', confirmedGeneration: 0, confirmedOrder: undefined, changedHere: [] };
    const state = { generation: 1, order: undefined, standing: 'confirmed', ...none, ...more } as const;
    member.standing = { ...member.standing, desired: state } as Member['standing'];
    desires.reported(member);
  };
  return { ...made, desires, members, wish, report };
}

test('of thousands that are told the broker has some before the next but one are made', async () => {
  const { desires, members, wish, broker } = await site(250 + 400);
  broker.mode = 'held';
  const all = desires.set(members, wish('enforce'));
  for (let i = 0; i < 20; i++) await settled();
  assert.equal(broker.published.length, 200);
  broker.release();
  assert.equal((await all).length, 650);
  await settled();
  assert.equal(broker.published.length, 650);
});

test('without a broker what is desired is written down, and nobody waits', async () => {
  const { desires, members, wish, broker, outgoing } = await site(450);
  broker.isConnected = false;
  assert.equal((await desires.set(members, wish('enforce'))).length, 450);
  assert.equal(broker.published.length, 0);
  broker.isConnected = true;
  const next = outgoing();
  await next.load();
  await next.resume();
  assert.equal(broker.published.length, 450);
});

test('how many stand is noted in one write, and no history is read for it', async () => {
  const { desires, members, wish, report, clock, store, records } = await site(100);
  const outcomes = await desires.set(members, wish('enforce'));
  await settled();
  const [commits, iterations] = [store.commits.length, store.iterations];
  for (const [i, outcome] of outcomes.entries()) if ('order' in outcome) report(members[i], { order: outcome.order });
  clock.advance(200);
  await settled();
  assert.deepEqual([store.commits.length - commits, store.iterations - iterations], [1, 0]);
  assert.equal((await records.get(kept, [members[7]?.serial ?? '', 1]))?.standing?.is, 'confirmed');
  // To follow what is in effect needs none either.
  for (const [i, { serial }] of members.entries()) {
    const order = (outcomes[i] as { readonly order: DesiredState['order'] }).order;
    report(members[i], { order, confirmedGeneration: 1, confirmedOrder: order });
    assert.equal(outcomes[i]?.serial, serial);
  }
  const again = await desires.set(members, wish('observe'));
  assert.ok(again.every((one) => 'generation' in one && one.generation === 2));
  assert.equal(store.iterations - iterations, 0);
});

test('how one stands is noted later where it could not be written down, though nobody says it again', async () => {
  const { desires, members, wish, report, clock, store, records } = await site(1);
  const [one] = await desires.set(members, wish('enforce'));
  assert.ok(one !== undefined && 'order' in one);
  const standing = async () => (await records.get(kept, [one.serial, 1]))?.standing?.is;
  store.failing = () => true;
  report(members[0], { order: one.order });
  clock.advance(200);
  await settled();
  assert.equal(await standing(), undefined);
  store.failing = () => false;
  clock.advance(5000);
  await settled();
  assert.equal(await standing(), 'confirmed');
});

test('the last order is issued anew behind an earlier one that came into effect meanwhile', async () => {
  const { desires, members, wish, report, clock } = await site(1);
  const [one] = await desires.set(members, wish('enforce'));
  const [two] = await desires.set(members, wish('observe'));
  assert.ok(one !== undefined && 'order' in one && two !== undefined && 'order' in two);
  const state = { generation: 2, order: two.order, standing: 'conflict', confirmedGeneration: 1 } as const;
  report(members[0], { ...state, confirmedOrder: one.order });
  clock.advance(200);
  for (let i = 0; i < 5; i++) await settled();
  const history = await desires.history(one.serial);
  assert.deepEqual([history.length, history[0]?.parent], [3, one.order]);
});

test('of reports that come at once the last one counts', async () => {
  const { desires, members, wish, report, clock, records } = await site(1);
  const [one] = await desires.set(members, wish('enforce'));
  assert.ok(one !== undefined && 'order' in one);
  report(members[0], { order: one.order, standing: 'on_trial' });
  report(members[0], { generation: 2 ** 50, order: one.order, standing: 'on_trial' });
  report(members[0], { order: one.order, standing: 'confirmed' });
  clock.advance(200);
  await settled();
  assert.equal((await records.get(kept, [one.serial, 1]))?.standing?.is, 'confirmed');
});

test('what an appliance refused or took back is not merged into what comes next', async () => {
  const { desires, members, wish, report, clock } = await site(1);
  const { serial = '' } = members[0] ?? {};
  const stand = async (name: string, standing: DesiredState['standing']): Promise<void> => {
    const content = { sections: [{ name, values: { on: true } }], rules: [] };
    const [one] = await desires.set(members, { ...wish('enforce'), content, merge: true, over: true });
    assert.ok(one !== undefined && 'order' in one);
    report(members[0], { generation: one.generation, order: one.order, standing });
    clock.advance(200);
    for (let i = 0; i < 5; i++) await settled();
  };
  const names = async () => (await desires.content(serial)).sections.map(({ name }) => name);
  await stand('good', 'confirmed');
  await stand('wrong', 'refused');
  await stand('unhealthy', 'reverted');
  assert.deepEqual(await names(), ['good']);
  await stand('better', 'confirmed');
  assert.deepEqual(await names(), ['better', 'good']);
  const other = { sections: [{ name: 'good', values: { on: false } }], rules: [] };
  const differences = await desires.diff(serial, other, true);
  assert.deepEqual(
    differences.map(({ path }) => path),
    ['good.on'],
  );
});

test('orders beyond the last fifty go, and what none of them names', async () => {
  const { desires, members, wish, clock, records } = await site(1);
  const { serial = '' } = members[0] ?? {};
  for (let i = 0; i < 55; i++) await desires.set(members, wish(i % 2 === 0 ? `once-${i}` : 'often'));
  assert.equal((await desires.history(serial)).length, 50);
  // What an appliance says it has had makes a jump.
  const [member] = members;
  assert.ok(member?.standing === undefined);
  Object.assign(member as Member, { standing: { desired: { generation: 500 } } });
  await desires.set(members, { ...wish('last'), over: true });
  assert.equal((await desires.history(serial)).length, 51);
  desires.start();
  clock.advance(hours(1));
  for (let i = 0; i < 10; i++) await settled();
  const history = await desires.history(serial);
  assert.deepEqual([history.length, history[0]?.generation], [50, 501]);
  const names = [];
  for await (const [[name]] of records.list(contents, [])) names.push(name);
  assert.deepEqual(new Set(names), new Set(history.map(({ content }) => content)));
  assert.ok(names.length < 50);
  desires.stop();
});
