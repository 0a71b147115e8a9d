import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fatesIn, sourceLines, witnesses } from '../../../../actors/packets/index.ts';
import type { Ip } from '../../../../core/base/ip.ts';

test('witnesses of a device let everything else be, and let nothing of it through', () => {
  const text = witnesses({
    table: 'w',
    watched: [1, 2].map((port) => ({ mark: `udp dport ${port}`, past: 'all' })),
    device: 'cable',
  });
  const lines = text.split('\n').map((line) => line.trim());
  assert.equal(lines.filter((line) => line === 'iifname != "cable" accept').length, 3);
  assert.equal(lines.filter((line) => line === 'drop').length, 2);
  assert.ok(lines.indexOf('drop') > lines.lastIndexOf('udp dport 2 counter comment "1"'));
  assert.doesNotMatch(witnesses({ table: 'w', watched: [{ mark: 'tcp dport 1', past: 'host' }] }), /drop|iifname/);
});

test('what witnesses saw, and what they do not tell', () => {
  const rule = (chain: string, nth: number, packets: number) => ({
    rule: { chain, comment: String(nth), expr: [{ match: {} }, { counter: { packets, bytes: 60 } }] },
  });
  const seen = { nftables: [{}, rule('ahead', 0, 1), rule('behind', 0, 1), rule('ahead', 1, 3), rule('behind', 1, 0)] };
  assert.deepEqual(fatesIn(JSON.stringify(seen), 3), ['passes', 'dropped', 'unsent']);
  for (const lie of ['', '{}', '{"nftables":5}', '[]', 'null']) assert.deepEqual(fatesIn(lie, 1), ['unsent'], lie);
});

test('nothing but addresses reaches the lines for ip', () => {
  const lines = sourceLines(['192.0.2.1', '2001:db8::1', '1.2.3.4 dev eth0', 'x\nlink del eth0'] as Ip[]);
  assert.deepEqual(lines, ['link set lo up', 'addr add 192.0.2.1/32 dev lo', 'addr add 2001:db8::1/128 dev lo nodad']);
});
