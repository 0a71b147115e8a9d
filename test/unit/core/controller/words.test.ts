import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uuidv7 } from '../../../../core/base/ids.ts';
import { millis, minutes, plus } from '../../../../core/base/time.ts';
import { accessRules, mosquittoConfig } from '../../../../core/controller/broker-config.ts';
import { differences, merged, needsRebase, parentOf, sectionsOf } from '../../../../core/controller/desired.ts';
import { readSettings, settingsText } from '../../../../core/controller/settings.ts';
import { readShards, shardsText } from '../../../../core/controller/shards.ts';
import { GRACE, shareStep } from '../../../../core/controller/shares.ts';
import { isMeant, readTarget, relabelled } from '../../../../core/controller/targets.ts';
import { serialOf } from '../../../../core/field/serial.ts';
import type { Hex } from '../../../../core/link/hex.ts';
import { LEASE_SKEW, type LeaseView } from '../../../../core/link/lease.ts';
import type { DesiredState } from '../../../../core/link/reported.ts';

const NOW = millis(1_800_000_000_000);
const SERIAL = serialOf(new Uint8Array(32).fill(3));

for (const { text, gives } of [
  { text: '00-3f', gives: 64 },
  { text: '00', gives: 1 },
  { text: '00-03,02,3f', gives: 5 },
  { text: '40', gives: undefined },
  { text: '3f-00', gives: undefined },
  { text: '', gives: undefined },
]) {
  test(`shards "${text}" are ${gives ?? 'refused'}`, () => {
    const read = readShards(text);
    assert.equal(read.ok ? read.value.length : undefined, gives);
    if (read.ok) assert.deepEqual(readShards(shardsText(read.value)), read);
  });
}

test('a word means one appliance, those with a label, or all', () => {
  const means = (word: string): boolean => {
    const target = readTarget(word);
    return target.ok && isMeant(target.value, SERIAL, { site: 'berlin' });
  };
  assert.ok(means('all') && means(SERIAL) && means(SERIAL.toLowerCase().replaceAll('-', '')) && means('site=berlin'));
  assert.ok(!means('site=paris') && !means('nobody') && !means('site='));
});

test('labels are given and taken', () => {
  assert.deepEqual(relabelled({ site: 'berlin' }, 'ring=2,site='), { ok: true, value: { ring: '2' } });
  assert.equal(relabelled({}, 'Site=x').ok, false);
  assert.equal(relabelled({}, 'a').ok, true);
});

const SETTINGS = {
  tenant: 'acme',
  name: 'main',
  brokers: ['mqtts://broker.example:8883'],
  enrolment: { listen: '0.0.0.0:8443', url: 'https://ctl.example:8443/enrol' },
};

test('settings as they are written are read', () => {
  const read = readSettings(SETTINGS);
  assert.ok(read.ok);
  assert.equal(read.value.connect, SETTINGS.brokers[0]);
  assert.match(settingsText(SETTINGS), /tenant: acme/);
});

for (const [change, where] of [
  [{ tenant: 'A' }, 'tenant'],
  [{ brokers: ['mqtt://plain:1883'] }, 'brokers'],
  [{ brokers: [] }, 'brokers'],
  [{ enrolment: { listen: 'x', url: 'https://x' } }, 'enrolment.listen'],
  [{ enrolment: { listen: '0.0.0.0:1', url: 'http://x' } }, 'enrolment.url'],
  [{ certificate_lifetime: '1h' }, 'certificate_lifetime'],
  [{ confirm: 'yes' }, 'confirm'],
  [{ broker: { pidfile: 'x' } }, 'broker.pidfile'],
  [{ colour: 'red' }, 'colour'],
] as const) {
  test(`settings with ${JSON.stringify(change)} are refused at ${where}`, () => {
    const read = readSettings({ ...SETTINGS, ...change });
    assert.ok(!read.ok && read.public.startsWith(`${where}:`), read.ok ? 'read' : read.public);
  });
}

test('an appliance may write its own topics and read what is for it, a controller all of the fleet', () => {
  const rules = accessRules({ tenant: 'acme' }, ['main', 'other']);
  assert.match(rules, /^pattern write bartizan\/1\/acme\/\+\/%u\/presence$/m);
  assert.match(rules, /^pattern read bartizan\/1\/acme\/\+\/%u\/desired$/m);
  assert.doesNotMatch(rules, /write .*(?:desired|lease|keys)$/m);
  assert.match(rules, /^user controller:other\ntopic readwrite bartizan\/1\/acme\/#$/m);
});

test('the broker asks everybody for a certificate', () => {
  const files = { authorities: '/a', cert: '/b', key: '/c', revocations: '/d', acl: '/e' };
  const config = mosquittoConfig(files, { tls: 8883, websocket: 443 });
  assert.equal(config.match(/^require_certificate true$/gm)?.length, 2);
  assert.equal(config.match(/^listener /gm)?.length, 2);
  // Nobody takes over the session of another by its identifier.
  assert.equal(config.match(/^use_username_as_clientid true$/gm)?.length, 2);
  assert.match(config, /^allow_anonymous false$/m);
});

const state = (more: Partial<DesiredState>): DesiredState => ({
  generation: 1,
  order: undefined,
  standing: 'confirmed',
  text: '',
  confirmedGeneration: 0,
  confirmedOrder: undefined,
  changedHere: [],
  ...more,
});
const [A, B, C] = ['a', 'b', 'c'].map((letter) => letter.repeat(64) as Hex) as [Hex, Hex, Hex];
const issued = [
  { generation: 1, order: A },
  { generation: 2, order: B },
];

test('an order follows what is in effect, where that is of this fleet or is to be followed', () => {
  assert.deepEqual(parentOf(undefined, [], false), { ok: true, value: undefined });
  assert.deepEqual(parentOf(state({ confirmedOrder: A }), issued, false), { ok: true, value: A });
  assert.equal(parentOf(state({ confirmedOrder: C }), issued, false).ok, false);
  assert.deepEqual(parentOf(state({ confirmedOrder: C }), issued, true), { ok: true, value: C });
});

test("the last order is issued anew behind an earlier one of this fleet, and behind nobody else's", () => {
  const conflict = { standing: 'conflict', order: B } as const;
  assert.equal(needsRebase(state({ ...conflict, confirmedOrder: A }), issued), true);
  assert.equal(needsRebase(state({ ...conflict, confirmedOrder: C }), issued), false);
  assert.equal(needsRebase(state({ standing: 'conflict', order: A, confirmedOrder: A }), issued), false);
  assert.equal(needsRebase(state({ standing: 'reverted', order: B, confirmedOrder: A }), issued), false);
});

test('differences are told field by field', () => {
  const before = { sections: [{ name: 'firewall', values: { mode: 'observe', limit: 1 } }], rules: [] };
  const after = {
    sections: [{ name: 'firewall', values: { mode: 'enforce' } }],
    rules: [{ name: 'a.yaml', sha256: A, content: '' }],
  };
  assert.deepEqual(
    differences(before, after).map(({ path }) => path),
    ['firewall.limit', 'firewall.mode', 'rules/a.yaml'],
  );
  assert.deepEqual(differences(before, merged(before, after)).length, 3);
  assert.equal(sectionsOf([]).ok, false);
  assert.equal(sectionsOf({ Firewall: {} }).ok, false);
  assert.equal(sectionsOf({ firewall: 1 }).ok, false);
});

const view = (holder: string, until: LeaseView['lease']['until'], heldSince = NOW): LeaseView => ({
  generation: 1,
  highest: 1,
  id: uuidv7(NOW, { bytes: (count) => new Uint8Array(count) }),
  lease: { shard: 0, holder, until, positions: [] },
  heldSince,
});
const shard = { view: undefined, isPreferred: true, leftUntil: undefined, watchedSince: NOW };

test('a shard that nobody has is taken at once by who would serve it, and later by others', () => {
  assert.equal(shareStep(shard, 'me', NOW).kind, 'take');
  const other = { ...shard, isPreferred: false };
  assert.equal(shareStep(other, 'me', NOW).kind, 'wait');
  assert.equal(shareStep(other, 'me', plus(NOW, GRACE)).kind, 'take');
});

test('a shard that was given away is left to others for a while', () => {
  const given = { ...shard, view: view('me', 'given_back'), leftUntil: plus(NOW, minutes(1)) };
  assert.equal(shareStep(given, 'me', NOW).kind, 'wait');
  assert.equal(shareStep(given, 'me', plus(NOW, minutes(1))).kind, 'take');
});

test('a lease of another is waited out with the skew of clocks', () => {
  const held = { ...shard, view: view('other', plus(NOW, minutes(1))) };
  assert.equal(shareStep(held, 'me', plus(NOW, minutes(1))).kind, 'wait');
  assert.equal(shareStep(held, 'me', plus(plus(NOW, minutes(1)), LEASE_SKEW)).kind, 'take');
});
