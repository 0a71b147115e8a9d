import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { BlockList } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { done } from '../contract/nft-suite-ground.ts';
import { FUZZ_BUDGET_MS } from '../support/fuzz-budget.ts';
import { blocking, FLOOR, GuardedHand, OWN, productTable, refusalOf } from '../support/guarded-hand.ts';
import { HostileMain } from '../support/hostile-main.ts';
import { NetworkNamespace, namespacesUnavailable } from '../support/network-namespace.ts';
import { seeded } from '../support/random.ts';
import { ROOT } from '../support/root.ts';

const PEERS = ['192.0.2.1', '192.0.2.77', '192.0.2.254', '2001:db8:f::1', '2001:db8:f:1::7'];
const OWN6 = '2001:db8:e::1';
const FOREIGN = `table inet foreign {
  set blocked4 {
    type ipv4_addr
    elements = { 10.0.0.1 }
  }
  chain guard {
    type filter hook prerouting priority -190; policy accept;
    ip saddr @blocked4 drop
  }
}
table ip filter {
  chain input {
    type filter hook input priority 0; policy accept;
    tcp dport 9 drop
  }
}
`;
/** Requests between two looks at what they have done. */
const ROUND = 150;

/** Beside the hand's namespace: who the floor names, each sending from its own address. */
class Infra {
  readonly #edge: NetworkNamespace;
  readonly #far = new NetworkNamespace('infra');

  constructor(edge: NetworkNamespace) {
    this.#edge = edge;
    edge.ip('link', 'set', 'far', 'netns', this.#far.name);
    edge.ip('addr', 'add', `${OWN6}/64`, 'dev', 'near', 'nodad');
    edge.ip('link', 'set', 'near', 'up');
    this.#far.ip('link', 'set', 'far', 'up');
    for (const peer of PEERS) {
      const six = peer.includes(':');
      this.#far.ip('addr', 'add', `${peer}/${six ? 128 : 32}`, 'dev', 'far', ...(six ? ['nodad'] : []));
    }
    this.#far.ip('route', 'add', '198.51.100.0/24', 'dev', 'far');
    this.#far.ip('route', 'add', '2001:db8:e::/64', 'dev', 'far');
    for (const network of FLOOR) edge.ip('route', 'add', network, 'dev', 'near');
  }

  /** Asks from each address, and the edge asks itself. @throws when one is not answered */
  askAll(): void {
    for (const peer of PEERS) this.#far.exec('ping', ['-c1', '-W2', '-q', '-I', peer, peer.includes(':') ? OWN6 : OWN]);
    for (const own of ['127.0.0.1', '::1', OWN]) this.#edge.exec('ping', ['-c1', '-W2', '-q', own]);
  }

  dispose(): void {
    this.#far.dispose();
  }
}

/** Blocks that no request of the hostile main names. */
const KEPT: readonly string[] = ['100.99.98.97', '2001:db8:1234:5678::9'];

/** Puts the product's table in the place of whatever stands, with those blocks. */
async function putKept(hand: GuardedHand): Promise<void> {
  const port = await hand.site.open();
  done(await port.ensure(productTable()));
  done(await port.commit('bartizan', KEPT.map(blocking)));
  await port.close();
}

type Key = string | { readonly prefix: { readonly addr: string; readonly len: number } };
interface Listed {
  readonly set?: { readonly name: string; readonly elem?: readonly (Key | { readonly elem: { readonly val: Key } })[] };
  readonly rule?: { readonly expr: readonly Expression[] };
}
interface Expression {
  readonly drop?: null;
  readonly goto?: object;
  readonly jump?: object;
  readonly match?: { readonly left: { readonly payload?: { readonly field: string } }; readonly right: unknown };
}
/** What the kernel holds by name of set, and the sets that rules cut their sources by. */
interface Held {
  readonly keys: ReadonlyMap<string, readonly string[]>;
  readonly cutting: ReadonlySet<string>;
}

const textOf = (key: Key): string => (typeof key === 'string' ? key : `${key.prefix.addr}/${key.prefix.len}`);

function heldBy(namespace: NetworkNamespace): Held {
  const { nftables } = JSON.parse(namespace.exec('nft', ['-j', 'list', 'ruleset', 'inet'])) as {
    readonly nftables: readonly (Listed & { readonly [kind: string]: { readonly table?: string } })[];
  };
  const own = nftables.filter((each) => Object.values(each)[0]?.table === 'bartizan');
  const keys = own.flatMap(({ set }) => {
    const elements = set?.elem?.map((each) =>
      textOf(typeof each === 'object' && 'elem' in each ? each.elem.val : each),
    );
    return set === undefined ? [] : [[set.name, elements ?? []] as const];
  });
  const cutting = own.flatMap(({ rule }) => {
    const cuts = rule?.expr.some((each) => 'drop' in each || 'goto' in each || 'jump' in each) ?? false;
    const sources = rule?.expr.filter(({ match }) => match?.left.payload?.field === 'saddr') ?? [];
    return cuts ? sources.map(({ match }) => String(match?.right).replace('@', '')) : [];
  });
  return { keys: new Map(keys), cutting: new Set(cutting) };
}

function assertKept({ keys }: Held): void {
  const blocked = [...(keys.get('blocked4') ?? []), ...(keys.get('blocked6') ?? [])];
  for (const key of KEPT) assert.ok(blocked.includes(key), `${key} was lost with no revert armed`);
}

const PROTECTED = [...FLOOR, '127.0.0.0/8', 'fe80::/10', `${OWN}/32`, '::1/128', '::/128'].map((network) => {
  const [address = '', length] = network.split('/');
  const addresses = new BlockList();
  addresses.addSubnet(address, Number(length), familyOf(address));
  return { addresses, length: Number(length) };
});

/** Whether all of it is. */
function isProtected(key: string): boolean {
  const [first = '', length = '128'] = key.split('/');
  return PROTECTED.some(
    (network) => network.addresses.check(first, familyOf(first)) && Number(length) >= network.length,
  );
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

/** Sets that settings name the networks of are declared with them, behind the rules that let infra in. */
function assertCutsNobody({ keys, cutting }: Held): void {
  for (const set of cutting) {
    if (/^(?:denied|infra)[46]_/.test(set)) continue;
    const found = (keys.get(set) ?? []).filter(isProtected);
    assert.deepEqual(found, [], `the set ${set} cuts`);
  }
}

function sanitizedHand(): string {
  const program = join(ROOT, 'build/net-hand-sanitized');
  execFileSync('sh', [join(ROOT, 'native/hands/net/build.sh'), program, 'sanitized'], { stdio: 'inherit' });
  return program;
}

test('whatever a main asks of the net hand, infra gets in, foreign tables stay, and the hand lives', {
  skip: namespacesUnavailable(),
}, async (t) => {
  const hand = new GuardedHand([], sanitizedHand());
  const infra = new Infra(hand.namespace);
  t.after(async () => {
    await hand.dispose();
    infra.dispose();
  });
  hand.namespace.exec('nft', ['-f', '-'], FOREIGN);
  const foreign = (): string =>
    ['inet foreign', 'ip filter']
      .map((name) => hand.namespace.exec('nft', ['list', 'table', ...name.split(' ')]))
      .join('');
  const before = foreign();
  const port = await hand.ready();
  await port.close();
  infra.askAll();

  const main = new HostileMain(seeded());
  const counts = { done: 0, refused: 0, rounds: 0 };
  for (const end = performance.now() + FUZZ_BUDGET_MS; performance.now() < end; counts.rounds++) {
    main.arms = counts.rounds % 2 === 1;
    if (!main.arms) await putKept(hand);
    const link = await hand.wire();
    const answers = await Promise.all(Array.from({ length: ROUND }, () => link.call(main.request())));
    for (const answer of answers) counts[refusalOf(answer) === undefined ? 'done' : 'refused']++;
    infra.askAll();
    await link.close();
    infra.askAll();
    const held = heldBy(hand.namespace);
    assertCutsNobody(held);
    if (!main.arms) assertKept(held);
    assert.equal(foreign(), before, 'a foreign table was touched');
  }
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.done > 50 && counts.refused > 50, JSON.stringify(counts));

  const after = await hand.site.open();
  done(await after.ensure(productTable()));
  await after.close();
  // The leak checker's word is in the exit code.
  assert.equal(await hand.site.end('SIGTERM'), 0, hand.site.log.slice(-4000));
});
