import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days, hours, type Millis, minutes, plus, seconds } from '../../../../core/base/time.ts';
import { CHECK_NAMES, CHECKS } from '../../../../core/detect/checks.ts';
import { PROVENANCES } from '../../../../core/event/event.ts';
import type { Decision } from '../../../../core/respond/decision.ts';
import { BlockPlanner, PLANNER_PRESETS, type Plan, type PlannerSettings } from '../../../../core/respond/planner.ts';
import { protectedNetworks } from '../../../../core/respond/protected.ts';
import { SUBNETS } from '../../../../core/respond/subnets.ts';
import { keep, stored } from '../../../support/detectors.ts';
import { EPOCH, ip } from '../../../support/events.ts';
import { fc } from '../../../support/random.ts';
import { sampleFinding } from '../../../support/sample-finding.ts';

const policy = {
  mode: 'enforce',
  expiry: hours(24),
  protectedNetworks: protectedNetworks([], ['192.0.2.0/24']),
  allowed: () => undefined,
} as const;

const make = (change: Partial<PlannerSettings> = {}): BlockPlanner =>
  new BlockPlanner({ ...PLANNER_PRESETS, ...change });

const at = (hour: number): Millis => plus(EPOCH, hours(hour));

const planned = (planner: BlockPlanner, address: string, when: Millis, standing?: Decision): Plan =>
  planner.plan(sampleFinding(address, when), policy, standing, when);

const lengths = ({ decisions }: Plan): readonly unknown[] =>
  decisions.map(({ at: from, expiresAt }) => (expiresAt === 'never' ? 'never' : (expiresAt - from) / 3_600_000));

test('each further offence of a source lasts longer, until a month', () => {
  const planner = make();
  assert.deepEqual(
    [0, 24, 24 + 144, 24 + 144 + 720].map((hour) => lengths(planned(planner, '203.0.113.7', at(hour)))),
    [[24], [144], [720], [24]],
  );
  assert.deepEqual(lengths(planned(planner, '203.0.113.8', at(24))), [24]);
});

test('mates of a /64 are one offender', () => {
  const planner = make();
  planned(planner, '2001:db8::1', at(0));
  assert.deepEqual(lengths(planned(planner, '2001:db8::2', at(25))), [144]);
});

test('a block that stands is prolonged where that is worth it, without taking a turn, and stays on its rung', () => {
  const planner = make({ perHour: 1 });
  const [standing] = planned(planner, '203.0.113.7', at(0)).decisions;
  assert.deepEqual(planned(planner, '203.0.113.7', plus(EPOCH, minutes(1)), standing).decisions, []);
  assert.deepEqual(lengths(planned(planner, '203.0.113.7', at(12), standing)), [24]);
  const forever = { ...(standing as Decision), expiresAt: 'never' } as const;
  assert.deepEqual(planned(planner, '203.0.113.7', at(12), forever).decisions, []);
});

test('more than allowed in an hour wait; released they are offences like others', () => {
  const planner = make({ perHour: 1 });
  planned(planner, '203.0.113.1', at(0));
  const [waiting] = planned(planner, '203.0.113.2', at(0)).decisions;
  assert.equal(waiting?.state, 'pending');
  assert.deepEqual(
    planner.pending.map(({ decision }) => decision.id),
    [waiting?.id],
  );
  const { decisions } = planner.sweep(policy, at(1));
  assert.deepEqual(
    decisions.map(({ id, state }) => [id, state]),
    [[waiting?.id, 'active']],
  );
  assert.deepEqual(lengths(planned(planner, '203.0.113.2', at(25))), [144]);
});

test('what must not be blocked any more, or not now, is not released', () => {
  const planner = make({ perHour: 1 });
  for (const address of ['203.0.113.1', '203.0.113.2']) planned(planner, address, at(0));
  for (const other of [{ mode: 'dry_run' }, { protectedNetworks: undefined }] as const) {
    assert.deepEqual(planner.sweep({ ...policy, ...other }, at(1)).decisions, []);
  }
  const { decisions } = planner.sweep({ ...policy, protectedNetworks: protectedNetworks(['203.0.113.2'], []) }, at(1));
  assert.deepEqual(
    decisions.map(({ state }) => state),
    ['refused'],
  );
});

test('a person who decides ends the waiting; to unblock or allow is to forgive', () => {
  const planner = make({ perHour: 1 });
  planned(planner, '203.0.113.1', at(0));
  planned(planner, '203.0.113.2', at(0));
  assert.equal(planner.forgiven(ip('203.0.113.2'), at(0), 'allowed')?.state, 'lifted');
  assert.equal(planner.taken(ip('203.0.113.1'), at(0), 'blocked by hand'), undefined);
  assert.deepEqual(lengths(planned(planner, '203.0.113.1', at(25))), [144]);
  planner.forgiven(ip('203.0.113.1'), at(25), 'unblocked');
  assert.deepEqual(lengths(planned(planner, '203.0.113.1', at(26))), [24]);
});

test('networks are blocked where that is set, with blocks that stood at start counted', () => {
  const planner = make({ subnets: SUBNETS });
  const [first] = planned(make(), '203.0.113.1', at(0)).decisions;
  planner.standing(first as Decision);
  assert.deepEqual(planned(planner, '203.0.113.2', at(0)).networks, []);
  const { networks } = planned(planner, '203.0.113.3', at(0));
  assert.deepEqual(
    networks.map(({ network, state }) => [network, state]),
    [['203.0.113.0/24', 'active']],
  );
  const again = make({ subnets: SUBNETS });
  again.standing(networks[0] as NonNullable<(typeof networks)[0]>);
  for (const i of [1, 2, 3]) assert.deepEqual(planned(again, `203.0.113.${i}`, at(0)).networks, []);
  assert.equal(make().plan(sampleFinding('203.0.113.1', at(0)), policy, undefined, at(0)).networks.length, 0);
});

test('only recorded, refused or too old: no offence and no turn', () => {
  const planner = make({ perHour: 1 });
  const finding = sampleFinding('203.0.113.7', at(0));
  assert.equal(planner.plan(finding, { ...policy, mode: 'dry_run' }, undefined, at(0)).decisions[0]?.state, 'dry_run');
  assert.equal(
    planner.plan(sampleFinding('192.0.2.1', at(0)), policy, undefined, at(0)).decisions[0]?.state,
    'refused',
  );
  assert.equal(planner.plan(finding, policy, undefined, at(24)).decisions[0]?.state, 'expired');
  assert.deepEqual(
    planned(planner, '203.0.113.7', at(25)).decisions.map(({ state }) => state),
    ['active'],
  );
});

test('needless is what a plan would make nothing of for the block that stands, and only that', () => {
  const chosen = fc.record({
    hour: fc.nat(60),
    lasts: fc.oneof(fc.nat(100), fc.constant('never' as const)),
    mode: fc.constantFrom('enforce', 'dry_run'),
    address: fc.constantFrom('203.0.113.7', '192.0.2.1', '2001:db8::1'),
    check: fc.constantFrom(...CHECK_NAMES),
    provenance: fc.constantFrom(...PROVENANCES),
  });
  fc.assert(
    fc.property(chosen, ({ hour, lasts, mode, address, check, provenance }) => {
      const [before] = planned(make(), '203.0.113.9', EPOCH).decisions as [Decision];
      const expiresAt = lasts === 'never' ? lasts : at(lasts);
      const standing: Decision = { ...before, ip: ip(address), expiresAt };
      const one = sampleFinding(address, at(hour), { check, provenance });
      const asked = { ...policy, mode } as const;
      const isNeedless = make().isNeedless(one, asked, standing, at(hour));
      const [without, withIt] = [undefined, standing].map(
        (block) => make().plan(one, asked, block, at(hour)).decisions,
      );
      assert.equal(isNeedless, without?.[0]?.state === 'active' && withIt?.length === 0);
    }),
  );
});

const finding = fc.record({
  check: fc.constantFrom(...CHECK_NAMES, 'no such check'),
  provenance: fc.constantFrom(...PROVENANCES),
  kind: fc.constantFrom('ip', 'user', 'host'),
  last: fc.nat(30),
  wait: fc.nat(40_000),
  restart: fc.boolean(),
});

test('no finding blocks that its check does not let, or that anybody could have forged; a restart changes nothing', () => {
  fc.assert(
    fc.property(fc.array(finding, { maxLength: 50 }), fc.nat(2), (findings, perHour) => {
      const settings = { perHour, subnets: SUBNETS, repeatWithin: days(2) };
      const whole = make(settings);
      let restarted = make(settings);
      const stores = { offences: new Map<string, unknown>(), block_queue: new Map<string, unknown>() };
      let now = EPOCH;
      for (const [i, { check, provenance, kind, last, wait, restart }] of findings.entries()) {
        now = plus(now, seconds(wait));
        const value = `203.0.113.${last}`;
        const one = sampleFinding(value, now, {
          check,
          provenance,
          subject: { kind, value },
          first: { source: 'f', offset: i },
        } as never);
        const plan = whole.plan(one, policy, undefined, now);
        const grant = check === 'no such check' ? undefined : CHECKS[check].info.response;
        const mayBlock = grant?.kind === 'block' && kind === 'ip' && provenance !== 'spoofable';
        assert.equal(plan.decisions.length > 0, mayBlock);
        const { networks: _, ...same } = restarted.plan(one, policy, undefined, now);
        assert.deepEqual(same, { decisions: plan.decisions });
        if (restart) {
          for (const { part, changes } of restarted.snapshot(now)) keep(stores[part], changes);
          restarted = make(settings);
          const states = (['offences', 'block_queue'] as const).map((part) => ({
            part,
            changes: stored(stores[part]),
          }));
          assert.equal(restarted.restore(states).skipped, 0);
        }
        assert.deepEqual(restarted.sweep(policy, now).decisions, whole.sweep(policy, now).decisions);
      }
    }),
  );
});
