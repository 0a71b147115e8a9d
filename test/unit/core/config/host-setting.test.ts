import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../../../core/config/read.ts';
import { AROUND, loaded } from './surroundings.ts';

/** What is wrong with a config whose section host is this, a line each. */
function problemsOf(host: string): readonly string[] {
  const read = parseConfig(`host: ${host}\n`, 'bartizan.yaml', AROUND);
  return read.ok ? [] : read.problems.map(({ key, message }) => `${key}: ${message}`);
}

const one = (fields: string) => `{ interfaces: [{ match: ens3, method: static, ${fields} }] }`;

const RIGHT: readonly string[] = [
  '{ interfaces: [{ match: ens3, method: dhcp }, { match: "52:54:00:12:34:56", method: dhcp }] }',
  one('addresses: [192.0.2.10/24], gateways: [192.0.2.1]'),
  one('addresses: ["2001:db8::10/64"], gateways: ["fe80::1"]'),
  one('addresses: [192.0.2.0/31, 192.0.2.7/32]'),
  one('addresses: [192.0.2.7/32], gateways: [198.51.100.1], gateway_on_link: true'),
  one('addresses: [192.0.2.7/24], mtu: 576'),
  '{ hostname: edge-1.example, timezone: America/Argentina/Buenos_Aires, ntp: [ntp.example.net], dns: ["2001:db8::53"] }',
];

for (const host of RIGHT) test(`right: ${host}`, () => assert.deepEqual(problemsOf(host), []));

const WRONG: readonly (readonly [host: string, key: string, message: RegExp])[] = [
  ['{ interfaces: [{ match: ens3, method: static }] }', 'host.interfaces[0]', /needs addresses/],
  [one('addresses: [192.0.2.10]'), 'host.interfaces[0].addresses[0]', /length of its network/],
  [one('addresses: [192.0.2.0/24]'), 'host.interfaces[0].addresses[0]', /address of its network/],
  [one('addresses: [192.0.2.255/24]'), 'host.interfaces[0].addresses[0]', /broadcast/],
  [one('addresses: [192.0.2.7/4]'), 'host.interfaces[0].addresses[0]', /\/8 or smaller/],
  [one('addresses: [127.0.0.2/8]'), 'host.interfaces[0].addresses[0]', /loopback/],
  [one('addresses: [224.0.0.1/24]'), 'host.interfaces[0].addresses[0]', /multicast/],
  [one('addresses: [255.255.255.255/32]'), 'host.interfaces[0].addresses[0]', /reserved/],
  [one('addresses: ["ff02::1/64"]'), 'host.interfaces[0].addresses[0]', /multicast/],
  [one('addresses: ["::1/64"]'), 'host.interfaces[0].addresses[0]', /loopback/],
  [one('addresses: ["::ffff:192.0.2.1/120"]'), 'host.interfaces[0].addresses[0]', /ADDRESS\/LENGTH/],
  [one('addresses: ["192.0.2.1/24/3"]'), 'host.interfaces[0].addresses[0]', /ADDRESS\/LENGTH/],
  [one('addresses: ["2001:db8::1%ens3/64"]'), 'host.interfaces[0].addresses[0]', /must be an IPv4 or IPv6 address/],
  [one('addresses: [192.0.2.7/24], gateways: [198.51.100.1]'), 'host.interfaces[0].gateways[0]', /gateway_on_link/],
  [one('addresses: [192.0.2.7/24], gateways: [192.0.2.7]'), 'host.interfaces[0].gateways[0]', /itself/],
  [one('addresses: [192.0.2.7/24], gateways: ["fe80::1"]'), 'host.interfaces[0].gateways[0]', /needs an IPv6 address/],
  [
    one('addresses: [192.0.2.7/24], gateways: [192.0.2.1, 192.0.2.2]'),
    'host.interfaces[0].gateways[1]',
    /second gateway/,
  ],
  [one('addresses: [192.0.2.7/24, 192.0.2.7/25]'), 'host.interfaces[0].addresses[1]', /given twice/],
  [one('addresses: ["2001:db8::1/64"], mtu: 1000'), 'host.interfaces[0].mtu', /at least 1280/],
  [
    '{ interfaces: [{ match: ens3, method: dhcp, addresses: [192.0.2.7/24] }] }',
    'host.interfaces[0].addresses',
    /method static/,
  ],
  [
    '{ interfaces: [{ match: ens3, method: dhcp }, { match: ens3, method: dhcp }] }',
    'host.interfaces[1].match',
    /given twice/,
  ],
  [
    '{ interfaces: [{ match: ens3, method: static, addresses: [192.0.2.7/24] }, { match: ens4, method: static, addresses: [192.0.2.7/25] }] }',
    'host.interfaces[1].addresses[0]',
    /given twice/,
  ],
  ['{ interfaces: [{ match: lo, method: dhcp }] }', 'host.interfaces[0].match', /loopback/],
  ['{ interfaces: [{ match: "ens*", method: dhcp }] }', 'host.interfaces[0].match', /name of a link/],
  ['{ interfaces: [{ match: a-name-of-16-byte, method: dhcp }] }', 'host.interfaces[0].match', /name of a link/],
  ['{ interfaces: [{ match: "53:54:00:12:34:56", method: dhcp }] }', 'host.interfaces[0].match', /hardware address/],
  ['{ interfaces: [{ match: "52:54:00:12:34:5A", method: dhcp }] }', 'host.interfaces[0].match', /hardware address/],
  ['{ dns: [127.0.0.53] }', 'host.dns[0]', /loopback/],
  ['{ hostname: Edge }', 'host.hostname', /small letters/],
  ['{ hostname: "a..b" }', 'host.hostname', /small letters/],
  ['{ timezone: Mars/Olympus }', 'host.timezone', /time zone/],
  ['{ timezone: "../etc/passwd" }', 'host.timezone', /time zone/],
];

for (const [host, key, message] of WRONG)
  test(`wrong: ${host}`, () => {
    const problems = problemsOf(host);
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.ok(problems[0]?.startsWith(`${key}: `), problems[0]);
    assert.match(problems[0] ?? '', message);
  });

test('a fault of an interface is told with its line', () => {
  const text =
    'host:\n  interfaces:\n    - match: ens3\n      method: static\n      addresses: [192.0.2.7/24]\n      gateways:\n        - 198.51.100.1\n';
  const read = parseConfig(text, 'bartizan.yaml', AROUND);
  assert.deepEqual(read.ok ? [] : read.problems.map(({ line }) => line), [7]);
});

test('what is left out has its default', () => {
  const { host } = loaded('host:\n  interfaces:\n    - { match: ens3, method: dhcp }\n').config;
  assert.deepEqual(host.interfaces, [
    {
      match: 'ens3',
      method: 'dhcp',
      addresses: [],
      gateways: [],
      gateway_on_link: false,
      dns: [],
      search: [],
      ipv6_ra: true,
    },
  ]);
});

test('an appliance without a name of its own has the one that its machine is to have', () => {
  const named = (text: string, isAppliance: boolean) => {
    const read = parseConfig(text, 'bartizan.yaml', { ...AROUND, isAppliance });
    return read.ok ? read.value.config.hostname : read.public;
  };
  const host = 'host: { hostname: edge-7 }\n';
  assert.equal(named(host, true), 'edge-7');
  assert.equal(named(`hostname: gate\n${host}`, true), 'gate');
  assert.equal(named(host, false), 'edge01');
});
