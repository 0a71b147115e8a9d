import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentId, type FindingId } from '../../../../core/base/ids.ts';
import { hours, millis, minutes, plus } from '../../../../core/base/time.ts';
import type { Finding } from '../../../../core/detect/finding.ts';
import { protectedNetworks } from '../../../../core/respond/protected.ts';
import { decide } from '../../../support/decide.ts';
import { seeded } from '../../../support/random.ts';
import { sampleFinding } from '../../../support/sample-finding.ts';
import { spell } from '../../../support/spellings.ts';

const AT = millis(Date.UTC(2026, 0, 1));
const finding = (change: Partial<Finding> = {}): Finding => sampleFinding('203.0.113.7', AT, change);
const policy = {
  mode: 'enforce',
  expiry: hours(24),
  protectedNetworks: protectedNetworks(['192.0.2.10', '2001:db8::10'], ['198.51.100.0/24', '2001:db8:5::/48']),
  allowed: () => undefined,
} as const;

test('a finding blocks its address, counted from the event', () => {
  const made = decide(finding(), policy, plus(AT, minutes(5)));
  assert.equal(made?.state, 'active');
  assert.equal(made?.expiresAt, plus(AT, hours(24)));
});

for (const [mode, state] of [
  ['observe', 'dry_run'],
  ['dry_run', 'dry_run'],
  ['enforce', 'active'],
] as const)
  test(`in mode ${mode} the decision is ${state}`, () =>
    assert.equal(decide(finding(), { ...policy, mode }, AT)?.state, state));

test('an attack older than the block would last is no block any more', () => {
  assert.equal(decide(finding(), policy, plus(AT, hours(24)))?.state, 'expired');
  assert.equal(decide(finding(), { ...policy, expiry: 'never' }, plus(AT, hours(999)))?.state, 'active');
});

for (const change of [
  { provenance: 'spoofable' },
  { check: 'ssh_root_login' },
  { subject: { kind: 'user', value: '203.0.113.7' } },
  { subject: { kind: 'ip', value: 'nonsense' } },
] as const)
  test(`${JSON.stringify(change)} decides nothing`, () => assert.equal(decide(finding(change), policy, AT), undefined));

test('the same finding decides the same id, another one another', () => {
  const other = finding({ id: contentId(AT, ['g']) as FindingId });
  assert.equal(decide(finding(), policy, AT)?.id, decide(finding(), policy, plus(AT, hours(1)))?.id);
  assert.notEqual(decide(finding(), policy, AT)?.id, decide(other, policy, AT)?.id);
});

test('1,000 spellings of loopback, own and infra addresses are refused', () => {
  const random = seeded();
  const addresses = [
    '127.0.0.1',
    '127.8.9.10',
    '::1',
    '192.0.2.10',
    '2001:db8::10',
    '198.51.100.77',
    '2001:db8:5:6::7',
    '0.0.0.0',
    '224.0.0.5',
    'ff02::1',
    'fe80::1',
    '255.255.255.255',
  ];
  for (let i = 0; i < 1000; i++) {
    const value = spell(addresses[i % addresses.length] ?? '', random);
    const made = decide(finding({ subject: { kind: 'ip', value } }), policy, AT);
    assert.equal(made?.state, 'refused', value);
    assert.match(made?.note ?? '', /must not be blocked/);
  }
});
