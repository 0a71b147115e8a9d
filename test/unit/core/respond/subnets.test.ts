import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hours, minutes, plus } from '../../../../core/base/time.ts';
import { protectedNetworks } from '../../../../core/respond/protected.ts';
import { SUBNETS, Subnets } from '../../../../core/respond/subnets.ts';
import { blockOf } from '../../../support/blocks.ts';
import { EPOCH, ip } from '../../../support/events.ts';

const NOW = plus(EPOCH, minutes(1));
const block = (address: string, change = {}) =>
  blockOf(Number.parseInt(address.slice(-2), 16), { ip: ip(address), ...change });

test('three blocked addresses of a network block it, for as long as the longest of them', () => {
  const subnets = new Subnets(SUBNETS);
  const addresses = ['203.0.113.1', '203.0.113.200', '203.0.114.9', '203.0.113.7'];
  const made = addresses.map((address, i) =>
    subnets.blocked(block(address, { expiresAt: plus(EPOCH, hours(10 - i)) }), [], NOW),
  );
  const [, , , network] = made;
  assert.deepEqual(made.slice(0, 3), [undefined, undefined, undefined]);
  assert.equal(network?.network, '203.0.113.0/24');
  assert.equal(network?.expiresAt, plus(EPOCH, hours(10)));
  assert.equal(network?.decisions.length, 3);
  assert.equal(network?.reason, '3 addresses of 203.0.113.0/24 are blocked: 203.0.113.1, 203.0.113.200, 203.0.113.7');
  assert.equal(subnets.blocked(block('203.0.113.8'), [], NOW), undefined);
  subnets.lifted('203.0.113.0/24');
  assert.equal(subnets.blocked(block('203.0.113.9'), [], NOW)?.network, '203.0.113.0/24');
});

test('IPv6 goes by /64', () => {
  const subnets = new Subnets(SUBNETS);
  for (const address of ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::3']) subnets.blocked(block(address), [], NOW);
  assert.equal(subnets.blocked(block('2001:db8::4'), [], NOW)?.network, '2001:db8::/64');
});

test('only blocks that stand count, and only automatic ones, each address once', () => {
  const subnets = new Subnets(SUBNETS);
  const first = block('203.0.113.1');
  subnets.blocked(first, [], NOW);
  assert.equal(subnets.blocked(first, [], NOW), undefined);
  subnets.blocked(block('203.0.113.2'), [], NOW);
  subnets.ended(ip('203.0.113.2'));
  assert.equal(subnets.blocked(block('203.0.113.3', { origin: 'web_ui', actor: 'a' }), [], NOW), undefined);
  assert.equal(subnets.blocked(block('203.0.113.4'), [], NOW), undefined);
  const later = plus(EPOCH, hours(25));
  assert.equal(subnets.blocked(block('203.0.113.5', { expiresAt: plus(later, hours(1)) }), [], later), undefined);
});

test('a network that holds what must not be blocked is refused', () => {
  const subnets = new Subnets(SUBNETS);
  const guarded = protectedNetworks([], ['203.0.113.77']);
  for (const address of ['203.0.113.1', '203.0.113.2']) subnets.blocked(block(address), guarded, NOW);
  const network = subnets.blocked(block('203.0.113.3'), guarded, NOW);
  assert.equal(network?.state, 'refused');
  assert.match(network?.note ?? '', /^203\.0\.113\.0\/24 must not be blocked: listed in infra_ips/);
});

test('a network that is known to be blocked is not blocked again', () => {
  const subnets = new Subnets(SUBNETS);
  subnets.standing('203.0.113.0/24', plus(EPOCH, hours(1)));
  for (const address of ['203.0.113.1', '203.0.113.2']) subnets.member(block(address));
  assert.equal(subnets.blocked(block('203.0.113.3'), [], NOW), undefined);
  assert.equal(subnets.blocked(block('203.0.113.3'), [], plus(EPOCH, hours(1)))?.state, 'active');
});
