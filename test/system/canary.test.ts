/** Canaries on a real kernel: what they prove, what they find that a look at the rules does not, and what stays of them. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { Canaries, type CanaryOutcome, type CanaryPlace, sendAcross } from '../../actors/canary/index.ts';
import { systemRandom } from '../../actors/clock/index.ts';
import type { FirewallContent, KernelFirewall } from '../../actors/firewall/index.ts';
import { GenerationBook } from '../../actors/lists/index.ts';
import { packetTools } from '../../actors/packets/index.ts';
import type { DecisionId } from '../../core/base/ids.ts';
import { contentId } from '../../core/base/ids.ts';
import type { Ip } from '../../core/base/ip.ts';
import { millis, minutes } from '../../core/base/time.ts';
import { type NftPort, openNft } from '../../native/nft/index.ts';
import { done } from '../contract/nft-suite-ground.ts';
import { cidrs } from '../support/cidrs.ts';
import { EPOCH } from '../support/events.ts';
import { FirewallSite } from '../support/firewall-site.ts';
import { columnsFrom } from '../support/lists.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';
import { waitFor } from '../support/wait-for.ts';

const CONTENT: FirewallContent = {
  infra: ['10.1.0.0/24', 'fd01::/64'],
  denied: ['100.64.0.0/10', '2001:db8:bad::/48'],
};
const BLOCKED = ['203.0.113.7', '192.0.2.9', '2001:db8::7'] as Ip[];
/** Blocked, and allowed all the same. */
const ALLOWED = '203.0.113.8' as Ip;
const TABLE = 'bartizan_canary';

/** A kernel whose changes nobody is told of, so that nobody repairs what the canaries are to find. */
async function unwatched(netns: string): Promise<NftPort> {
  const nft = done(await openNft({ netns }));
  return new Proxy(nft, {
    get: (target, name) => {
      if (name === 'watch') return async () => ({ ok: true, value: () => {} });
      const held: unknown = Reflect.get(target, name, target);
      return typeof held === 'function' ? held.bind(target) : held;
    },
  });
}

describe('canaries', { skip: notRoot }, () => {
  const site = new FirewallSite();
  const clock = new SimulatedClock();
  const alarms: CanaryOutcome[] = [];
  const book = new GenerationBook();
  let content = CONTENT;
  let edge: Namespace;
  let firewall: KernelFirewall;
  let place: CanaryPlace;
  let canaries: Canaries;

  const nft = (text: string): string =>
    execFileSync('ip', ['netns', 'exec', edge.name, 'nft', '-f', '-'], { input: text, encoding: 'utf8' });
  const listed = (): string =>
    execFileSync('ip', ['netns', 'exec', edge.name, 'nft', 'list', 'tables'], { encoding: 'utf8' });

  const round = (): Promise<CanaryOutcome | undefined> => canaries.round();

  before(async () => {
    edge = new Namespace('edge');
    place = { tools: packetTools, space: edge.name, table: TABLE };
    for (const ip of [...BLOCKED, ALLOWED]) {
      site.blocks.set(ip, { ip, id: contentId(EPOCH, ['block', ip]) as DecisionId, expiresAt: 'never' });
    }
    site.allowed = cidrs(`${ALLOWED}/32`);
    site.networks = ['198.51.100.0/24', '2001:db8:2::/64'].map((network) => ({
      network,
      id: contentId(EPOCH, [network]) as DecisionId,
      expiresAt: 'never',
    }));
    // Its clock stands, so that it does not look for itself either.
    firewall = site.on(await unwatched(edge.name), new SimulatedClock(), CONTENT);
    canaries = new Canaries({
      place,
      clock,
      random: systemRandom,
      log: () => {},
      // Nobody repairs anything here.
      firewall: {
        state: () => firewall.state(),
        holds: (id) => firewall.holds(id),
        judged: () => firewall.judged(),
        drifted: () => {},
      },
      desired: site.desired,
      lists: { book, kernel: { facts: (id) => firewall.lists.facts(id) } },
      content: () => content,
      settings: () => ({ isOn: true, every: minutes(5) }),
      alarm: (outcome) => alarms.push(outcome),
    });
  });
  after(async () => {
    await canaries?.stop();
    await firewall?.close();
    edge?.[Symbol.dispose]();
  });

  test('while nothing is enforced nothing is sent', async () => {
    assert.equal(await round(), undefined);
    assert.equal(canaries.component().state, 'off');
    assert.equal(listed(), '');
  });

  test('blocked, denied and let in are all proved, in both families, and nothing stays', async () => {
    await firewall.enable();
    assert.equal(firewall.state(), 'enforcing', firewall.error());
    const links = edge.ip('-br', 'link');
    const outcome = await round();
    const { missed, cut, dropped, unproven } = outcome ?? assert.fail(canaries.component().message);
    assert.deepEqual({ missed, cut, dropped, unproven }, { missed: [], cut: [], dropped: 7, unproven: 0 });
    assert.ok((outcome?.letIn ?? 0) >= 2, 'some that are let in');
    assert.equal(canaries.component().state, 'ok', canaries.component().message);
    assert.equal(edge.ip('-br', 'link'), links);
    assert.equal(listed(), 'table inet bartizan\n');
  });

  const DAMAGE = [
    {
      name: 'an element deleted by hand',
      break: 'delete element inet bartizan blocked4 { 203.0.113.7 }',
      repair: 'add element inet bartizan blocked4 { 203.0.113.7 comment "00000000-0000-8000-8000-000000000000" }',
      missed: ['203.0.113.7'],
    },
    {
      name: 'a table that was put to sleep: every set and rule of it still stands',
      break: 'add table inet bartizan { flags dormant; }',
      repair: 'add table inet bartizan',
      missed: ['203.0.113.7', '192.0.2.9', '2001:db8::7'],
    },
    {
      name: 'sources rewritten ahead of the rules, by a table of somebody else',
      break: 'table ip translator { chain pre { type filter hook prerouting priority raw; ip saddr set 10.9.9.9; }; }',
      repair: 'delete table ip translator',
      missed: ['203.0.113.7', '192.0.2.9'],
    },
    {
      name: 'somebody let in by hand',
      break: 'add element inet bartizan allowed4 { 192.0.2.0/24 }',
      repair: 'delete element inet bartizan allowed4 { 192.0.2.0/24 }',
      missed: ['192.0.2.9'],
    },
  ];
  for (const damage of DAMAGE)
    test(`${damage.name} is told, once, until it is mended`, async () => {
      alarms.length = 0;
      nft(damage.break);
      const outcome = await round();
      const missed = outcome?.missed.filter(({ why }) => why === 'blocked').map(({ ip }) => ip);
      assert.deepEqual(missed?.toSorted(), damage.missed.toSorted());
      assert.equal(canaries.component().state, 'failed');
      await round();
      assert.equal(alarms.length, 1, 'told once');
      nft(damage.repair);
      assert.deepEqual((await round())?.missed, []);
      assert.equal(canaries.component().state, 'ok');
    });

  test('bringing the kernel in line wakes a table that was put to sleep', async () => {
    nft('add table inet bartizan { flags dormant; }');
    assert.equal(
      (await round())?.missed.some(({ why }) => why === 'blocked'),
      true,
    );
    firewall.drifted();
    await waitFor('the repair', async () => {
      const outcome = firewall.state() === 'enforcing' ? await round() : undefined;
      return outcome?.missed.length === 0 ? true : undefined;
    });
  });

  test('an infra network that somebody drops ahead of the rules is told as cut', async () => {
    nft('table inet foreign { chain pre { type filter hook prerouting priority raw; ip saddr 10.1.0.0/24 drop; }; }');
    const outcome = await round();
    assert.equal(outcome?.cut.length, 1);
    assert.deepEqual(outcome?.missed, []);
    nft('delete table inet foreign');
    assert.deepEqual((await round())?.cut, []);
  });

  test('who is blocked and on an allow list gets in, and is not missed', async () => {
    const put = (id: string, text: string): void => {
      const columns = columnsFrom(text);
      site.lists.set(id, columns);
      book.put({ id, number: 1, columns, fetchedAt: millis(0), mark: {}, bad: 0, wide: 0 });
    };
    put('partners', '203.0.113.7\n2001:db8::7\n');
    put('bad', '100.64.0.0/10\n10.1.0.0/24\n');
    content = {
      ...CONTENT,
      lists: [
        { name: 'partners', id: 'partners', kind: 'allow', mode: 'enforce' },
        { name: 'bad', id: 'bad', kind: 'block', mode: 'enforce' },
      ],
    };
    alarms.length = 0;
    const expect = async (dropped: number, what: string): Promise<void> => {
      const outcome = (await round()) ?? assert.fail(canaries.component().message);
      assert.deepEqual([outcome.missed, outcome.cut, outcome.dropped], [[], [], dropped], what);
    };
    assert.ok((await firewall.follow(content)).ok);
    await expect(4, 'lists that the kernel does not have yet: what they name is not tried');
    assert.ok((await firewall.lists.changed()).ok);
    assert.ok(firewall.lists.facts('partners').inKernel);
    await expect(5, 'lists in force');
    content = CONTENT;
    assert.ok((await firewall.follow(content)).ok);
    await expect(7, 'lists that are gone');
    assert.deepEqual(alarms, []);
  });

  test('silence proves nothing where nobody gets through', async () => {
    nft('table inet foreign { chain pre { type filter hook prerouting priority raw; drop; }; }');
    const outcome = await round();
    assert.deepEqual([outcome?.dropped, outcome?.checked], [0, 0]);
    assert.equal(canaries.component().state, 'degraded');
    nft('delete table inet foreign');
  });

  test('nothing leaves the cable, nor is answered, even where the witness that ends it is taken away', async () => {
    using outside = new Namespace('world');
    outside.link(edge, ['10.7.0.2/24', 'fd07::2/64'], ['10.7.0.1/24', 'fd07::1/64']);
    edge.ip('route', 'add', 'default', 'via', '10.7.0.2');
    edge.ip('-6', 'route', 'add', 'default', 'via', 'fd07::2');
    await edge.run(
      'sh',
      '-c',
      'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding',
    );
    const count =
      'table inet seen { counter canaries {}; chain out { type filter hook postrouting priority 0; udp dport 40000-40999 counter name canaries; icmp type { destination-unreachable, time-exceeded } counter name canaries; icmpv6 type { destination-unreachable, time-exceeded } counter name canaries; }; }';
    nft(count);
    const sources = ['198.18.3.3', '2001:2::3:3', ...BLOCKED] as Ip[];
    const { signal } = new AbortController();
    const disarmed: CanaryPlace = {
      ...place,
      tools: {
        ...packetTools,
        run: (program, args, options) =>
          packetTools.run(program, args, { ...options, input: options.input?.replace(/^ {4}drop$/m, '') ?? '' }),
      },
    };
    const fates = await sendAcross(disarmed, sources, signal);
    assert.deepEqual(fates.ok && fates.value, ['passes', 'passes', 'dropped', 'dropped', 'dropped']);
    const told = execFileSync('ip', ['netns', 'exec', edge.name, 'nft', 'list', 'counters'], { encoding: 'utf8' });
    assert.match(told, /packets 0 bytes 0/);
    nft('delete table inet seen');
  });

  test('what a killed process has left behind is removed at the next start', async () => {
    const child = spawn('sleep', ['60']);
    const left = `bz-probe-${child.pid}-0123456789ab`;
    execFileSync('ip', ['netns', 'add', left]);
    edge.ip('link', 'add', 'bzc0123456789ab', 'type', 'veth', 'peer', 'name', 'far', 'netns', left);
    nft(
      `table inet ${TABLE} { chain behind { type filter hook prerouting priority -189; iifname "bzc0123456789ab" drop; }; }`,
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    await canaries.start();
    await canaries.stop();
    assert.equal(execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).includes(left), false);
    assert.equal(listed(), 'table inet bartizan\n');
  });

  test('where no namespace can be made the component says so, and the rest goes on', async () => {
    const { tools } = place;
    const denied = new Canaries({
      place: {
        ...place,
        tools: {
          ...tools,
          run: (program, args, options) =>
            options.input?.startsWith('netns add') === true
              ? Promise.resolve({ kind: 'ended', code: 1, out: '', err: 'Operation not permitted' })
              : tools.run(program, args, options),
        },
      },
      clock,
      random: systemRandom,
      log: () => {},
      firewall,
      desired: site.desired,
      lists: { book, kernel: firewall.lists },
      content: () => CONTENT,
      settings: () => ({ isOn: true, every: minutes(5) }),
      alarm: () => assert.fail('nothing is known'),
    });
    assert.equal(await denied.round(), undefined);
    const { state, message } = denied.component();
    assert.equal(state, 'off');
    assert.match(message ?? '', /no network namespace can be made: .*not permitted/);
  });
});
