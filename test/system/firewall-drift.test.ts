import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KernelFirewall, RepairKind } from '../../actors/firewall/index.ts';
import { contentId, type DecisionId } from '../../core/base/ids.ts';
import { type Ip, parseCidr } from '../../core/base/ip.ts';
import { millis, minutes } from '../../core/base/time.ts';
import { FirewallSite } from '../support/firewall-site.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { waitFor } from '../support/wait-for.ts';

/** Within which every damage is to be repaired. */
const WITHIN_MS = 1000;
const BLOCKED = 40;

let edge: Namespace;
let site: FirewallSite;
let firewall: KernelFirewall;
/** The ruleset as it should be. */
let whole: string;

/** Without what counters counted; elements in order. */
async function ruleset(): Promise<string> {
  const text = await edge.run('nft', '-s', 'list', 'table', 'inet', 'bartizan');
  return text.replaceAll(/elements = \{([^}]*)\}/g, (_, inner: string) => {
    const elements = inner.split(',').map((one) => one.trim());
    return `elements = { ${elements.sort().join(', ')} }`;
  });
}

const nft = (...words: readonly string[]) => edge.run('nft', ...words.join(' ').split(' '));
const repairs = (): number => Object.values(firewall.repairs()).reduce((sum, count) => sum + count, 0);

before(async () => {
  if (notRoot) return;
  edge = new Namespace('drift');
  site = new FirewallSite();
  for (let i = 1; i <= BLOCKED; i++) {
    const ip = `203.0.113.${i}` as Ip;
    site.blocks.set(ip, { ip, id: contentId(millis(1), [ip]) as DecisionId, expiresAt: 'never' });
  }
  const allowed = parseCidr('198.51.100.0/24');
  site.allowed = allowed.ok ? [allowed.value] : [];
  firewall = await site.open(edge.name, { infra: ['192.0.2.0/24'], denied: ['198.18.0.0/24'] });
  await firewall.enable();
  assert.equal(firewall.state(), 'enforcing');
  whole = await ruleset();
});

after(async () => {
  if (notRoot) return;
  await firewall.close();
  edge[Symbol.dispose]();
});

/** The handle of a rule of the guard chain. */
async function handleOf(rule: RegExp): Promise<string> {
  const text = await edge.run('nft', '-a', 'list', 'chain', 'inet', 'bartizan', 'guard');
  const line = text.split('\n').find((one) => rule.test(one));
  return /# handle (\d+)/.exec(line ?? '')?.[1] ?? assert.fail(text);
}

const infraSet = async (): Promise<string> => /set (infra4_\w+)/.exec(await ruleset())?.[1] ?? assert.fail();

const DAMAGE: readonly { readonly what: string; readonly kind: RepairKind; readonly done: () => Promise<unknown> }[] = [
  { what: 'nft flush ruleset', kind: 'table', done: () => nft('flush ruleset') },
  { what: 'a removed table', kind: 'table', done: () => nft('delete table inet bartizan') },
  { what: 'a dormant table', kind: 'table', done: () => nft('add table inet bartizan { flags dormant; }') },
  {
    what: 'a deleted element',
    kind: 'elements',
    done: () => nft('delete element inet bartizan blocked4 { 203.0.113.7 }'),
  },
  { what: 'a flushed set', kind: 'elements', done: () => nft('flush set inet bartizan blocked4') },
  { what: 'a flushed allow list', kind: 'elements', done: () => nft('flush set inet bartizan allowed4') },
  {
    what: 'a removed rule',
    kind: 'rules',
    done: async () => nft(`delete rule inet bartizan guard handle ${await handleOf(/@blocked4/)}`),
  },
  { what: 'a rule in front', kind: 'rules', done: () => nft('insert rule inet bartizan guard accept') },
  { what: 'a flushed chain', kind: 'rules', done: () => nft('flush chain inet bartizan guard') },
  {
    what: 'a removed chain',
    kind: 'rules',
    done: () => nft('flush chain inet bartizan guard; delete chain inet bartizan guard'),
  },
  { what: 'a changed policy', kind: 'rules', done: () => nft('chain inet bartizan guard { policy drop; }') },
  {
    what: 'emptied infra networks',
    kind: 'elements',
    done: async () => nft(`flush set inet bartizan ${await infraSet()}`),
  },
];

for (const { what, kind, done } of DAMAGE) {
  test(`${what}: repaired within a second, seen, told with its author`, { skip: notRoot }, async (t) => {
    const [count, told, ofKind] = [repairs(), site.reports.length, firewall.repairs()[kind]];
    await done();
    const began = performance.now();
    await waitFor('the repair', () => (repairs() > count && firewall.enforced()?.ratio === 1) || undefined, {
      withinMs: WITHIN_MS,
      everyMs: 2,
    });
    t.diagnostic(`repaired ${Math.round(performance.now() - began)} ms after nft had ended`);
    assert.equal(await ruleset(), whole);
    assert.ok((firewall.enforced()?.lowest ?? 1) < 1, 'the ratio dipped');
    assert.equal(firewall.repairs()[kind], ofKind + 1);
    const messages = site.reports.slice(told).map(({ message }) => message);
    if (told < 5) assert.match(messages.join(), /by nft \(process \d+\).*put back after \d+ ms/);
    assert.equal(firewall.state(), 'enforcing');
  });
}

test('networks that another adds to infra are taken out again', { skip: notRoot }, async () => {
  const count = repairs();
  await nft(`add element inet bartizan ${await infraSet()} { 203.0.113.0/24 }`);
  await waitFor('the repair', () => repairs() > count || undefined, { withinMs: WITHIN_MS, everyMs: 2 });
  assert.equal(await ruleset(), whole);
});

test('an element that nobody decided on goes', { skip: notRoot }, async () => {
  const count = repairs();
  await nft('add element inet bartizan blocked4 { 198.51.99.1 }');
  await waitFor('the repair', () => repairs() > count || undefined, { withinMs: WITHIN_MS, everyMs: 2 });
  assert.equal(await ruleset(), whole);
});

test('own changes are no damage', { skip: notRoot }, async () => {
  const count = repairs();
  const block = {
    ip: '203.0.113.200' as Ip,
    id: contentId(millis(1), ['own']) as DecisionId,
    expiresAt: 'never' as const,
  };
  site.blocks.set(block.ip, block);
  assert.ok((await firewall.enforce([block])).ok);
  site.blocks.delete(block.ip);
  assert.ok((await firewall.release([block.ip])).ok);
  const end = performance.now() + minutes(1);
  assert.ok((await firewall.arm({ infra: [], denied: [] }, { left: () => millis(end - performance.now()) })).ok);
  assert.ok((await firewall.abandon()).ok);
  // A change of another's that is told after them, in order.
  await nft('delete element inet bartizan blocked4 { 203.0.113.7 }');
  await waitFor('the repair', () => repairs() > count || undefined, { withinMs: WITHIN_MS, everyMs: 2 });
  assert.equal(repairs(), count + 1);
});

test('a trial goes on after everything was flushed, for what is left of it', { skip: notRoot }, async () => {
  const length = 3000;
  const end = performance.now() + length;
  const left = () => millis(end - performance.now());
  assert.ok((await firewall.arm({ infra: [], denied: ['192.0.2.0/24'] }, { left })).ok);
  const count = repairs();
  await nft('flush ruleset');
  await waitFor('the repair', () => repairs() > count || undefined, { withinMs: WITHIN_MS, everyMs: 2 });
  assert.deepEqual(await firewall.judged(), { ok: true, value: 'candidate' });
  await waitFor('the end of the trial', async () => {
    const judged = await firewall.judged();
    return (judged.ok && judged.value === 'confirmed') || undefined;
  });
  const late = performance.now() - end;
  assert.ok(late > -50 && late < 500, `over ${late} ms after its time`);
  assert.ok((await firewall.abandon()).ok);
});

test('a chain ahead of ours is told and left alone', { skip: notRoot }, async () => {
  await nft('add table ip others');
  await nft('add chain ip others early { type filter hook prerouting priority -300; }');
  const ahead = await waitFor('the report', () => site.reports.find(({ kind }) => kind === 'ahead'));
  assert.match(ahead.message, /ip others early \(prerouting -300\)/);
  assert.match(firewall.component().detail ?? '', /ip others early/);
  assert.match(await edge.run('nft', 'list', 'table', 'ip', 'others'), /chain early/);
  await nft('delete table ip others');
  await waitFor('its end', () => firewall.component().detail === undefined || undefined);
});

test('somebody who flushes us again and again is met with growing pauses, and told of', { skip: notRoot }, async () => {
  const count = repairs();
  let flushes = 0;
  await waitFor(
    'the repairs to be held back',
    async () => {
      await nft('flush ruleset');
      flushes++;
      return site.reports.some(({ kind }) => kind === 'contested') || undefined;
    },
    { withinMs: 30_000, everyMs: 20 },
  );
  assert.ok(repairs() - count <= flushes);
  assert.equal(firewall.state(), 'degraded');
  await waitFor('the end of the pause', async () => {
    const text = await ruleset().catch(() => '');
    return text === whole || undefined;
  });
  await waitFor('peace', () => firewall.enforced()?.ratio === 1 || undefined);
});
