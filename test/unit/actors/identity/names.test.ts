import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeNameConstraints, permittedDnsSuffixes } from '../../../../actors/identity/name-constraints.ts';
import { authorityNames, isPermitted, serverNames } from '../../../../actors/identity/names.ts';
import { fc } from '../../../support/random.ts';

const NONE = { listen: [], host: [] };

for (const [hostname, dns] of [
  ['Edge1.Example.ORG.', ['edge1.example.org', 'localhost']],
  ['edge', ['edge', 'localhost']],
  ['localhost', ['localhost']],
  ['', ['localhost']],
  ['under_score', ['localhost']],
  ['-dash', ['localhost']],
  ['a..b', ['localhost']],
  ['*.example.org', ['localhost']],
  [`${'a'.repeat(64)}.org`, ['localhost']],
  [`${'abcdefgh.'.repeat(30)}org`, ['localhost']],
  ['évil.example', ['localhost']],
] as const)
  test(`host name "${hostname.slice(0, 30)}" is certified as ${dns.join()}`, () =>
    assert.deepEqual(serverNames(hostname, NONE).dns, dns));

test('addresses are canonical, once each, reachable, and few', () => {
  const listen = ['0.0.0.0', '::', '192.0.2.1', '::ffff:192.0.2.9', '2001:DB8::1', 'x'];
  const host = ['192.0.2.1', '2001:db8::1', '2001:db8::2', '198.51.100.1', 'fe80::1%eth0', 'fe80::1', '169.254.1.1'];
  const { ips, passingIps } = serverNames('192.0.2.3', { listen, host });
  assert.deepEqual(ips, ['127.0.0.1', '::1', '192.0.2.3', '192.0.2.1', '192.0.2.9', '2001:db8::1', '198.51.100.1']);
  assert.deepEqual(passingIps, ['2001:db8::2'], 'an address that only an interface has');
  const many = serverNames('h', {
    listen: [],
    host: ['2001:db8::2', ...Array.from({ length: 250 }, (_, i) => `10.0.0.${i}`)],
  });
  assert.equal(many.ips.length + many.passingIps.length, 64);
});

test('configured names stand beside the host name: names by name, addresses by address', () => {
  const more = ['Console.Example.NET.', 'edge', '192.0.2.7', '2001:DB8::7', '*.example.net'];
  const { dns, ips, passingIps } = serverNames('edge', { more, listen: [], host: ['2001:db8::7'] });
  assert.deepEqual(dns, ['edge', 'console.example.net', 'localhost']);
  assert.deepEqual([ips, passingIps], [['127.0.0.1', '::1', '192.0.2.7', '2001:db8::7'], []]);
});

test('a CA may vouch for this host and for private names only', () => {
  const permitted = authorityNames(serverNames('edge1.example.org', NONE));
  for (const name of ['edge1.example.org', 'a.edge1.example.org', 'localhost', 'edge.local', 'edge.home.arpa']) {
    assert.ok(isPermitted(name, permitted), name);
  }
  for (const name of ['example.org', 'edge2.example.org', 'notedge1.example.org', 'arpa', 'com']) {
    assert.equal(isPermitted(name, permitted), false, name);
  }
});

/** Wraps a value as the only extension of what is otherwise the shell of a certificate. */
function certificateWith(extension: Uint8Array): Uint8Array {
  const tlv = (tag: number, ...parts: Uint8Array[]): Uint8Array => {
    const body = Buffer.concat(parts);
    return Buffer.concat([Uint8Array.from([tag, 0x82, body.length >> 8, body.length & 0xff]), body]);
  };
  const oid = Uint8Array.from([0x06, 3, 0x55, 0x1d, 0x1e]);
  const entry = tlv(0x30, oid, Uint8Array.from([1, 1, 255]), tlv(0x04, extension));
  return tlv(0x30, tlv(0x30, Uint8Array.from([2, 1, 1]), tlv(0xa3, tlv(0x30, entry))));
}

test('name constraints read back as they were written', () => {
  fc.assert(
    fc.property(fc.array(fc.domain(), { minLength: 1, maxLength: 8 }), (suffixes) => {
      assert.deepEqual(permittedDnsSuffixes(certificateWith(encodeNameConstraints(suffixes))), suffixes);
    }),
  );
});

test('any bytes have constraints or none', () => {
  const whole = certificateWith(encodeNameConstraints(['example.org']));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(whole.length - 1), fc.nat(255), (bytes, at, byte) => {
      permittedDnsSuffixes(bytes);
      permittedDnsSuffixes(whole.with(at, byte));
      permittedDnsSuffixes(whole.subarray(0, at));
    }),
  );
});
