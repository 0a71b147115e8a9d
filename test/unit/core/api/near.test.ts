import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearness } from '../../../../core/api/near.ts';
import { parseCidr } from '../../../../core/base/ip.ts';

const net = (text: string) => {
  const parsed = parseCidr(text);
  assert.ok(parsed.ok);
  return parsed.value;
};

const isNear = nearness(() => ['203.0.113.9/24', '2001:db8::9/64', '198.51.100.1/0', '2001::1/16'].map(net));

for (const [peer, near] of [
  ['127.0.0.1', true],
  ['::1', true],
  ['10.9.9.9', true],
  ['172.31.0.1', true],
  ['172.32.0.1', false],
  ['192.168.1.1', true],
  ['fe80::1', true],
  ['fd00::1', true],
  ['203.0.113.77', true],
  ['203.0.114.77', false],
  ['2001:db8::77', true],
  ['2001:db8:0:1::77', false],
  ['198.51.100.2', false],
  ['local', false],
] as const)
  test(`${peer} is ${near ? 'near' : 'far'}`, () => assert.equal(isNear(peer), near));
