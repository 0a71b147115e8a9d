import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientAddress } from '../../../../core/api/forwarded.ts';
import { type Cidr, parseCidr, parseIp } from '../../../../core/base/ip.ts';
import { fc } from '../../../support/random.ts';

const nets = (...texts: readonly string[]): readonly Cidr[] =>
  texts.map((text) => {
    const net = parseCidr(text);
    assert.ok(net.ok);
    return net.value;
  });

const PROXIES = nets('10.0.0.0/8', '2001:db8:1::/48');

for (const { peer = '10.0.0.1', header, client, why } of [
  {
    peer: '198.51.100.1',
    header: '203.0.113.9',
    client: '198.51.100.1',
    why: 'a peer that is no proxy is not believed',
  },
  { header: undefined, client: '10.0.0.1', why: 'a proxy that says nothing speaks for itself' },
  { header: '203.0.113.9', client: '203.0.113.9', why: 'one hop' },
  { header: '1.1.1.1, 203.0.113.9', client: '203.0.113.9', why: 'what the client wrote itself counts for nothing' },
  { header: '1.1.1.1, 203.0.113.9, 10.9.9.9', client: '203.0.113.9', why: 'a second proxy is looked through' },
  { header: '10.1.1.1,10.2.2.2', client: '10.1.1.1', why: 'of nothing but proxies the furthest' },
  { header: '203.0.113.9,10.2.2.2, oops', client: '10.0.0.1', why: 'nonsense from the proxy: the proxy' },
  { header: '203.0.113.9, oops, 10.2.2.2', client: '10.2.2.2', why: 'nonsense behind a second one: that one' },
  { header: '', client: '10.0.0.1', why: 'an empty header' },
  { header: '203.0.113.9,', client: '10.0.0.1', why: 'an empty entry' },
  { header: 'unknown', client: '10.0.0.1', why: 'the word for not known' },
  { header: '203.0.113.9:4711', client: '203.0.113.9', why: 'a port' },
  { header: '[2001:db8::9]:4711', client: '2001:db8::9', why: 'an IPv6 address with a port' },
  { header: '[2001:DB8:0::9]', client: '2001:db8::9', why: 'one in brackets' },
  { header: ' \t2001:db8::9 ', client: '2001:db8::9', why: 'a bare one with blanks' },
  { header: '::ffff:203.0.113.9', client: '203.0.113.9', why: 'an IPv4-mapped one is IPv4' },
  { header: '203.0.113.9, ::ffff:10.2.2.2', client: '203.0.113.9', why: 'a mapped proxy is the proxy' },
  { header: 'fe80::1%eth0', client: '10.0.0.1', why: 'a zone is no address' },
  { header: '0x7f.1', client: '10.0.0.1', why: 'nor is a guess at one' },
  { peer: '2001:db8:1::5', header: '203.0.113.9', client: '203.0.113.9', why: 'an IPv6 proxy' },
  { peer: 'local', header: '203.0.113.9', client: 'local', why: 'the local socket has no proxies' },
  { peer: 'unknown', header: '203.0.113.9', client: 'unknown', why: 'a peer without an address is no proxy' },
])
  test(`${why}: ${header} by ${peer} is ${client}`, () => assert.equal(clientAddress(peer, header, PROXIES), client));

test('nothing is believed unless a proxy is configured', () => {
  assert.equal(clientAddress('127.0.0.1', '203.0.113.9', []), '127.0.0.1');
});

const entry = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.constantFrom('10.0.0.1', '10.255.0.1', '2001:db8:1::1', '', ' ', 'unknown', '[', ']', ':', '[::]:', '1.2.3', '%'),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

test('hostile headers: the answer is the peer, or an address behind which only trusted proxies stand', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 60 }), fc.constantFrom('10.0.0.1', '198.51.100.1'), (entries, peer) => {
      const header = entries.join(',');
      const client = clientAddress(peer, header, PROXIES);
      if (peer === '198.51.100.1') return assert.equal(client, peer);
      assert.ok(parseIp(client).ok, 'always an address');
      assert.equal(clientAddress(client, undefined, PROXIES), client, 'canonical');
      return undefined;
    }),
    { numRuns: 1000 },
  );
});

test('whatever a client writes in front, a proxy that appends what it saw is what counts', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.array(entry, { maxLength: 50 }), (text, entries) => {
      for (const forged of [text, entries.join(',')]) {
        assert.equal(clientAddress('10.0.0.1', `${forged},203.0.113.9`, PROXIES), '203.0.113.9');
        assert.equal(clientAddress('10.0.0.1', `${forged}, 203.0.113.9, 10.3.3.3`, PROXIES), '203.0.113.9');
      }
    }),
  );
});

test('a header of 32 KiB is looked at from its end only', () => {
  assert.equal(clientAddress('10.0.0.1', `${'10.0.0.2,'.repeat(3600)}10.0.0.3`, PROXIES), '10.0.0.2');
  assert.equal(clientAddress('10.0.0.1', ','.repeat(32_768), PROXIES), '10.0.0.1');
});
