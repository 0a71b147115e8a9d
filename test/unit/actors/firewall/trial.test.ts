import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import {
  createFirewall,
  type FirewallContent,
  type KernelBlock,
  type KernelFirewall,
} from '../../../../actors/firewall/index.ts';
import { contentId, type DecisionId } from '../../../../core/base/ids.ts';
import { type Cidr, type Ip, parseCidr } from '../../../../core/base/ip.ts';
import { type Millis, millis, minutes, seconds } from '../../../../core/base/time.ts';
import { FakeKernel } from '../../../../native/nft/fake.ts';
import { MemoryFolder } from '../../../support/memory-folder.ts';
import { fc } from '../../../support/random.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const OPEN: FirewallContent = { infra: ['192.0.2.0/24', '2001:db8::/32'], denied: [] };
const CUT: FirewallContent = { infra: [], denied: ['0.0.0.0/0', '::/0'] };
const ADMINS = ['192.0.2.7', '2001:db8::7'];

function bench() {
  const clock = new SimulatedClock();
  const kernel = new FakeKernel(clock, ['192.0.2.10']);
  const folder = new MemoryFolder();
  const wanted = new Map<Ip, KernelBlock>();
  const allowed: Cidr[] = [];
  const open = (content = OPEN): KernelFirewall =>
    createFirewall({
      nft: kernel.open(),
      clock,
      log: () => {},
      desired: {
        blocks: () => wanted.values(),
        blockCount: () => wanted.size,
        blockOf: (ip) => wanted.get(ip),
        allowed: () => allowed,
        allowedPorts: () => [],
        networks: () => [],
        adoptNetworks: async () => {},
        hasEnded: async () => false,
        refuse: async () => {},
        adopt: async () => {},
      },
      settings: { table: 'bartizan', maxBlocks: 1000, content },
      folder,
    });
  const block = (ip: string): KernelBlock => {
    const made = { ip: ip as Ip, id: contentId(millis(1), [ip]) as DecisionId, expiresAt: 'never' as const };
    wanted.set(made.ip, made);
    return made;
  };
  const allow = (text: string) => {
    const net = parseCidr(text);
    if (net.ok) allowed.push(net.value);
  };
  const judge = (saddr: string) => kernel.judge({ iif: 'eth0', saddr });
  const admins = () => ADMINS.map(judge).join();
  /** A trial of this length from now on, however the clock goes. */
  const lasting = (length: Millis) => {
    const end = clock.now() + length;
    return { left: () => millis(end - clock.now()) };
  };
  const judged = async (firewall: KernelFirewall) => {
    const read = await firewall.judged();
    return read.ok ? read.value : read.code;
  };
  return { clock, kernel, folder, open, block, allow, judge, admins, lasting, judged };
}

describe('a trial of the firewall', () => {
  let b: ReturnType<typeof bench>;
  let firewall: KernelFirewall;
  const [IN, OUT] = ['accept,accept', 'drop,drop'];
  beforeEach(async () => {
    b = bench();
    firewall = b.open();
    await firewall.enable();
  });

  test('denied networks are dropped, infra and allowed are not, neighbour discovery never', async () => {
    b.allow('203.0.113.0/24');
    await firewall.letIn();
    assert.ok((await firewall.follow({ infra: ['192.0.2.7'], denied: ['0.0.0.0/0', '::/0', '203.0.113.0/25'] })).ok);
    const verdicts = ['192.0.2.7', '203.0.113.9', '192.0.2.8', '198.51.100.1', '2001:db8::7', 'fe80::1', '::'];
    assert.deepEqual(verdicts.map(b.judge), ['accept', 'accept', 'drop', 'drop', 'drop', 'accept', 'accept']);
  });

  test('a candidate judges until its time is over, and the confirmed content again, whoever is alive', async () => {
    assert.ok((await firewall.arm(CUT, b.lasting(seconds(10)))).ok);
    await firewall.close();
    b.clock.advance(9999);
    assert.equal(b.admins(), OUT);
    b.clock.advance(1);
    assert.equal(b.admins(), IN);
  });

  test('what is judged is read from the kernel', async () => {
    const content = async (one: FirewallContent) => (await firewall.isJudging(one)).ok && firewall.isJudging(one);
    assert.equal(await b.judged(firewall), 'confirmed');
    await firewall.arm(CUT, b.lasting(seconds(10)));
    assert.equal(await b.judged(firewall), 'candidate');
    assert.deepEqual(await content(CUT), { ok: true, value: true });
    assert.deepEqual(await content(OPEN), { ok: true, value: false });
    b.clock.advance(10_000);
    assert.equal(await b.judged(firewall), 'confirmed');
    assert.deepEqual(await content(OPEN), { ok: true, value: true });
    assert.deepEqual(await content({ ...OPEN, infra: ['2001:db8::/32', '192.0.2.0/25', '192.0.2.128/25'] }), {
      ok: true,
      value: true,
    });
    await firewall.close();
    await b.kernel.open().drop('bartizan');
    const other = b.open();
    assert.equal(await b.judged(other), 'none');
    assert.deepEqual(await other.isJudging(OPEN), { ok: true, value: false });
  });

  test('a confirmed candidate stays; an abandoned one is gone at once', async () => {
    await firewall.arm(CUT, b.lasting(seconds(10)));
    assert.ok((await firewall.abandon()).ok);
    assert.equal(b.admins(), IN);
    assert.ok((await firewall.abandon()).ok);
    await firewall.arm(CUT, b.lasting(seconds(10)));
    assert.ok((await firewall.confirm()).ok);
    b.clock.advance(60_000);
    assert.equal(b.admins(), OUT);
    assert.equal(await b.judged(firewall), 'confirmed');
  });

  test('nothing on trial: there is nothing to confirm or to arm again; no time: nothing to arm', async () => {
    for (const done of [await firewall.confirm(), await firewall.rearm()])
      assert.ok(!done.ok && done.code === 'missing');
    const late = await firewall.arm(CUT, b.lasting(millis(0)));
    assert.ok(!late.ok && late.code === 'invalid');
    assert.equal(b.admins(), IN);
  });

  test('arming again goes by the time that is left then', async () => {
    let end = b.clock.now() + 1000;
    await firewall.arm(CUT, { left: () => millis(end - b.clock.now()) });
    end += 4000;
    assert.ok((await firewall.rearm()).ok);
    b.clock.advance(4999);
    assert.equal(b.admins(), OUT);
    b.clock.advance(1);
    assert.equal(b.admins(), IN);
    assert.ok((await firewall.rearm()).ok);
    assert.equal(b.admins(), IN);
  });

  test('a resync keeps a trial in place and never makes it longer', async () => {
    await firewall.arm(CUT, b.lasting(seconds(20)));
    b.clock.advance(5000);
    firewall.drifted();
    await firewall.enable();
    assert.equal(b.admins(), OUT);
    await b.kernel.open().drop('bartizan');
    b.clock.advance(5000);
    await settled();
    assert.equal(firewall.state(), 'enforcing');
    assert.equal(b.admins(), OUT);
    b.clock.advance(9999);
    assert.equal(b.admins(), OUT);
    b.clock.advance(1);
    assert.equal(b.admins(), IN);
    firewall.drifted();
    await firewall.enable();
    b.clock.advance(5000);
    await settled();
    assert.equal(b.admins(), IN);
  });

  test('after a restart during a trial the confirmed content is the base, the candidate judges for what is left', async () => {
    const time = b.lasting(seconds(20));
    await firewall.arm(CUT, time);
    await firewall.close();
    b.clock.advance(5000);
    const restarted = b.open(CUT);
    assert.ok((await restarted.follow(OPEN)).ok);
    assert.ok((await restarted.arm(CUT, time)).ok);
    await restarted.enable();
    assert.equal(b.admins(), OUT);
    b.clock.advance(15_000);
    assert.equal(b.admins(), IN);
  });

  test('a confirmation that the kernel refuses leaves the trial as it is', async () => {
    await firewall.arm(CUT, b.lasting(seconds(20)));
    b.kernel.failNext('denied', 1);
    assert.equal((await firewall.confirm()).ok, false);
    assert.equal(b.admins(), OUT);
    assert.equal(await b.judged(firewall), 'candidate');
    b.clock.advance(20_000);
    assert.equal(b.admins(), IN);
  });

  test('an arming that the kernel refuses leaves nothing on trial', async () => {
    b.kernel.failNext('denied', 1);
    assert.equal((await firewall.arm(CUT, b.lasting(seconds(20)))).ok, false);
    assert.equal(firewall.state(), 'enforcing');
    assert.equal(b.admins(), IN);
    assert.equal(await b.judged(firewall), 'confirmed');
    assert.equal((await firewall.confirm()).ok, false);
  });

  test('an abandoning and a following that the kernel refuses are made up for', async () => {
    await firewall.arm(CUT, b.lasting(seconds(20)));
    b.kernel.failNext('denied', 1);
    assert.ok((await firewall.abandon()).ok);
    assert.equal(b.admins(), IN);
    b.kernel.failNext('denied', 1);
    b.kernel.failNext('denied', 1);
    assert.equal((await firewall.follow(CUT)).ok, false);
    b.clock.advance(1000);
    await settled();
    assert.equal(b.admins(), OUT);
  });

  test('blocks, releases and what is allowed reach both contents during a trial', async () => {
    const harmless: FirewallContent = { infra: ['192.0.2.1'], denied: ['198.51.100.0/24'] };
    await firewall.arm(harmless, b.lasting(seconds(10)));
    await firewall.enforce([b.block('203.0.113.7'), b.block('203.0.113.8')]);
    await firewall.release(['203.0.113.8' as Ip]);
    b.allow('198.51.100.9');
    await firewall.letIn();
    const verdicts = () => ['203.0.113.7', '203.0.113.8', '198.51.100.9'].map(b.judge).join();
    assert.equal(verdicts(), 'drop,accept,accept');
    const [dropped] = await firewall.dropped();
    assert.equal(dropped?.packets, 1);
    b.clock.advance(10_000);
    assert.equal(verdicts(), 'drop,accept,accept');
  });

  test('protected are the infra of both contents during a trial', async () => {
    const names = async (): Promise<readonly string[]> => {
      const read = await firewall.protectedNetworks();
      return read.ok ? read.value.filter(({ why }) => why.includes('infra')).map(({ net }) => net.text) : [];
    };
    await firewall.arm({ infra: ['192.0.2.0/24', '10.0.0.0/8'], denied: [] }, b.lasting(minutes(5)));
    assert.deepEqual(await names(), ['192.0.2.0/24', '2001:db8::/32', '10.0.0.0/8']);
    await firewall.confirm();
    assert.deepEqual(await names(), ['192.0.2.0/24', '10.0.0.0/8']);
  });

  test('networks that somebody else has changed are put right with the next sync', async () => {
    const port = b.kernel.open();
    const sets = /infra4_[0-9a-f]+/.exec(firewall.rulesetText(OPEN)) ?? [''];
    await port.commit('bartizan', [
      { kind: 'delete', set: sets[0], key: '192.0.2.0/24' },
      { kind: 'add', set: sets[0], key: '192.0.2.0/25', timeout: 'never' },
    ]);
    assert.deepEqual(await firewall.isJudging(OPEN), { ok: true, value: false });
    firewall.drifted();
    await firewall.enable();
    assert.deepEqual(await firewall.isJudging(OPEN), { ok: true, value: true });
  });

  test('while nothing is enforced a trial is only remembered', async () => {
    await firewall.disable();
    assert.ok((await firewall.arm(CUT, b.lasting(seconds(10)))).ok);
    assert.equal(await b.judged(firewall), 'none');
    b.clock.advance(4000);
    await firewall.enable();
    assert.equal(b.admins(), OUT);
    b.clock.advance(6000);
    assert.equal(b.admins(), IN);
  });

  type Step = 'arm' | 'rearm' | 'confirm' | 'abandon' | 'follow' | 'drift' | 'wait' | 'fail';
  const STEPS: readonly Step[] = ['arm', 'rearm', 'confirm', 'abandon', 'follow', 'drift', 'wait', 'fail'];

  test('whatever is done and refused: past every deadline the confirmed content judges, or a confirmed candidate', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...STEPS), { maxLength: 14 }), async (steps) => {
        const own = bench();
        const one = own.open();
        await one.enable();
        let confirmed = OPEN;
        const other = () => (confirmed === OPEN ? CUT : OPEN);
        let onTrial: FirewallContent | undefined;
        for (const step of steps) {
          if (step === 'arm') onTrial = (await one.arm(other(), own.lasting(seconds(7)))).ok ? other() : undefined;
          if (step === 'rearm') await one.rearm();
          if (step === 'confirm' && (await one.confirm()).ok) {
            confirmed = onTrial ?? confirmed;
            onTrial = undefined;
          }
          if (step === 'abandon') {
            await one.abandon();
            onTrial = undefined;
          }
          if (step === 'follow') {
            await one.follow(other());
            confirmed = other();
          }
          if (step === 'drift') one.drifted();
          if (step === 'wait') own.clock.advance(3000);
          if (step === 'fail') own.kernel.failNext('resync', 105);
          await settled();
        }
        for (let i = 0; i < 20; i++) {
          own.clock.advance(8000);
          await settled();
        }
        assert.equal(own.admins(), confirmed === OPEN ? IN : OUT);
      }),
      { numRuns: 60 },
    );
  });
});
