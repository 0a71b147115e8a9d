import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { FirewallContent, KernelFirewall, ListUse, RepairKind } from '../../actors/firewall/index.ts';
import { FirewallSite } from '../support/firewall-site.ts';
import { columnsFrom } from '../support/lists.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { waitFor } from '../support/wait-for.ts';

/** Within which every damage is to be repaired. */
const WITHIN_MS = 1000;
/** Of which more go at once than are told one by one. */
const MANY = 3000;

const BAD: ListUse = { name: 'bad', kind: 'block', mode: 'enforce', id: 'bad' };
const GOOD: ListUse = { name: 'good', kind: 'allow', mode: 'enforce', id: 'good' };
const CONTENT: FirewallContent = {
  infra: ['192.0.2.0/24'],
  denied: [],
  lists: [BAD, GOOD],
  features: { connLimit: 100 },
};

let edge: Namespace;
let site: FirewallSite;
let firewall: KernelFirewall;
/** The ruleset as it should be. */
let whole: string;

/** Without what counters counted and what a list's sets are called by their generation; in order. */
async function ruleset(): Promise<string> {
  const text = await edge.run('nft', '-s', 'list', 'table', 'inet', 'bartizan');
  const plain = text.replaceAll(/_[0-9a-f]{8}(?=_[an][46])/g, '');
  const sorted = plain.replaceAll(/elements = \{([^}]*)\}/g, (_, inner: string) => {
    const elements = inner.split(',').map((one) => one.trim());
    return `elements = { ${elements.sort().join(', ')} }`;
  });
  return sorted.split('\n\n').sort().join('\n\n');
}

const nft = (...words: readonly string[]) => edge.run('nft', ...words.join(' ').split(' '));
const repairs = (): number => Object.values(firewall.repairs()).reduce((sum, count) => sum + count, 0);
const isAllHeld = (): true | undefined => firewall.enforced()?.ratio === 1 || undefined;

before(async () => {
  if (notRoot) return;
  edge = new Namespace('lists-drift');
  site = new FirewallSite();
  const sparse = Array.from({ length: MANY }, (_, i) => `100.${128 + (i >> 7)}.${(i & 127) * 2}.1`);
  site.lists.set(
    'bad',
    columnsFrom([...sparse, '198.51.100.0/24', '198.51.102.0/24', '2001:db8::1'].join('\n'), 2 * MANY),
  );
  site.lists.set('good', columnsFrom('198.51.100.7\n198.51.104.0/24'));
  firewall = await site.open(edge.name, CONTENT);
  await firewall.enable();
  await waitFor('the lists to be loaded', isAllHeld);
  whole = await ruleset();
});

after(async () => {
  if (notRoot) return;
  await firewall.close();
  edge[Symbol.dispose]();
});

async function setOf(list: string, kind: string): Promise<string> {
  const text = await edge.run('nft', '-t', 'list', 'table', 'inet', 'bartizan');
  return new RegExp(`set (${list}_\\w+_${kind}) `).exec(text)?.[1] ?? assert.fail(text);
}

/** The handle of a rule. */
async function handleOf(chain: string, rule: RegExp): Promise<string> {
  const text = await edge.run('nft', '-a', 'list', 'chain', 'inet', 'bartizan', chain);
  const line = text.split('\n').find((one) => rule.test(one));
  return /# handle (\d+)/.exec(line ?? '')?.[1] ?? assert.fail(text);
}

const DAMAGE: readonly { readonly what: string; readonly kind: RepairKind; readonly done: () => Promise<unknown> }[] = [
  {
    what: 'a deleted address of a list',
    kind: 'elements',
    done: async () => nft(`delete element inet bartizan ${await setOf('bad', 'a4')} { 100.128.2.1 }`),
  },
  {
    what: 'a deleted network of a list',
    kind: 'elements',
    done: async () => nft(`delete element inet bartizan ${await setOf('bad', 'n4')} { 198.51.102.0/24 }`),
  },
  {
    what: 'a flushed set of few',
    kind: 'elements',
    done: async () => nft(`flush set inet bartizan ${await setOf('good', 'a4')}`),
  },
  {
    what: 'a flushed set of networks',
    kind: 'elements',
    done: async () => nft(`flush set inet bartizan ${await setOf('bad', 'n4')}`),
  },
  {
    what: 'a flushed set of many',
    kind: 'set',
    done: async () => nft(`flush set inet bartizan ${await setOf('bad', 'a4')}`),
  },
  {
    what: 'a network added to an allow list',
    kind: 'set',
    done: async () => nft(`add element inet bartizan ${await setOf('good', 'n4')} { 203.0.0.0/16 }`),
  },
  {
    what: 'a deleted set and its rule',
    kind: 'rules',
    done: async () => {
      const set = await setOf('bad', 'a4');
      const handle = await handleOf('guard', new RegExp(`@${set}`));
      await nft(`delete rule inet bartizan guard handle ${handle}; delete set inet bartizan ${set}`);
    },
  },
  {
    what: 'a removed rule of a list',
    kind: 'rules',
    done: async () => nft(`delete rule inet bartizan guard handle ${await handleOf('guard', /@bad_\w+_n4/)}`),
  },
  {
    what: 'a removed rule of a feature',
    kind: 'rules',
    done: async () => nft(`delete rule inet bartizan host handle ${await handleOf('host', /ct count over/)}`),
  },
  { what: 'a flushed host chain', kind: 'rules', done: () => nft('flush chain inet bartizan host') },
  { what: 'nft flush ruleset', kind: 'table', done: () => nft('flush ruleset') },
];

for (const { what, kind, done } of DAMAGE) {
  test(`${what}: repaired within a second, seen, told`, { skip: notRoot }, async (t) => {
    const [count, told, ofKind] = [repairs(), site.reports.length, firewall.repairs()[kind]];
    await done();
    const began = performance.now();
    await waitFor('the repair', () => (repairs() > count && isAllHeld()) || undefined, {
      withinMs: WITHIN_MS,
      everyMs: 2,
    });
    t.diagnostic(`repaired ${Math.round(performance.now() - began)} ms after nft had ended`);
    assert.equal(await ruleset(), whole);
    assert.equal(firewall.repairs()[kind], ofKind + 1);
    if (told < 5) {
      const messages = site.reports.slice(told).map(({ message }) => message);
      assert.match(messages.join(), /by nft \(process \d+\).*put back after \d+ ms/);
    }
    assert.equal(firewall.state(), 'enforcing');
  });
}
