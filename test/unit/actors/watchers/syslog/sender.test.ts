import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dropsAt } from '../../../../../actors/watchers/syslog/proc-net.ts';
import { AllowedSenders, judgeProof, namesOf } from '../../../../../actors/watchers/syslog/sender.ts';
import { cidrs } from '../../../../support/cidrs.ts';

for (const [alternativeNames, commonName, names] of [
  ['DNS:web1.example.net', 'x', ['web1.example.net']],
  ['DNS:Web1.Example.NET, DNS:web2, IP Address:192.0.2.1', '', ['web1.example.net', 'web2', '192.0.2.1']],
  ['IP Address:2001:DB8:0:0:0:0:0:1', '', ['2001:db8::1']],
  ['', 'Web1', ['web1']],
  ['', 'not a host', []],
  ['', '', []],
  ['DNS:"web1\\u002c DNS:bank.example"', '', []],
  ['DNS:"a, DNS:bank.example"', '', []],
  ['DNS:"a\\", DNS:bank.example"', '', []],
  ['URI:urn:x, email:a@b.example', 'web1', []],
  ['DNS:*.example.net', '', []],
  ['DNS:a..b', '', []],
] as const)
  test(`a certificate for ${alternativeNames || `CN=${commonName}`} is for ${names.join() || 'nobody'}`, () =>
    assert.deepEqual(namesOf({ alternativeNames, commonName }), names));

const settings = { certFile: '', keyFile: '', clients: 'optional', peers: [], relays: [] } as const;
const certificate = { alternativeNames: 'DNS:web1.example.net, DNS:web2', commonName: '' };
const known = { kind: 'certificate', certificate } as const;

for (const [what, proof, changes, expected] of [
  ['a certificate', known, {}, { provenance: 'authenticated', name: 'web1.example.net', isBound: true }],
  [
    'a relay',
    known,
    { relays: ['*.example.net'] },
    { provenance: 'authenticated', name: 'web1.example.net', isBound: false },
  ],
  [
    'a peer by its second name',
    known,
    { peers: ['web2'] },
    { provenance: 'authenticated', name: 'web2', isBound: true },
  ],
  ['no peer', known, { peers: ['web3', '*.net'] }, /is for web1\.example\.net, web2, which may not send/],
  ['a nameless certificate', { ...known, certificate: { alternativeNames: '', commonName: '' } }, {}, /names no host/],
  ['no certificate', { kind: 'none' }, {}, { provenance: 'spoofable', name: '192.0.2.1', isBound: false }],
  ['no certificate where one is required', { kind: 'none' }, { clients: 'required' }, /has no certificate/],
  ['a stranger’s certificate', { kind: 'untrusted', why: 'SELF_SIGNED' }, {}, /not accepted: SELF_SIGNED/],
] as const)
  test(`${what}: ${expected instanceof RegExp ? 'refused' : expected.provenance}`, () => {
    const judged = judgeProof(proof, '192.0.2.1', { ...settings, ...changes });
    if (expected instanceof RegExp) assert.match(String(judged), expected);
    else assert.deepEqual(judged, expected);
  });

test('allowed senders, IPv4 in IPv6 clothes included; nobody by default', () => {
  const allowed = new AllowedSenders(cidrs('192.0.2.0/24', '2001:db8::/32'));
  const answers = ['192.0.2.9', '::ffff:192.0.2.9', '192.0.3.1', '2001:db8::1', '2001:db9::1', 'nonsense', ''];
  assert.deepEqual(
    answers.map((address) => allowed.has(address)),
    [true, true, false, true, false, false, false],
  );
  assert.equal(new AllowedSenders([]).has('127.0.0.1'), false);
});

const UDP = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  123: 0100007F:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 16221 2 0000000000000000 17
  124: 00000000:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 16222 2 0000000000000000 5
`;
const UDP6 = `   sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  200: 00000000000000000000000001000000:0202 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 9
  201: 00000000000000000000000000000000:0202 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 3
`;

for (const [address, table, drops] of [
  ['127.0.0.1', UDP, 17],
  ['0.0.0.0', UDP, 5],
  ['192.0.2.1', UDP, undefined],
  ['::1', UDP6, 9],
  ['::', UDP6, 3],
  ['127.0.0.1', '', undefined],
] as const)
  test(`the kernel dropped ${drops ?? 'nobody knows how many'} at ${address}`, () =>
    assert.equal(dropsAt(table, { address, port: 514 }, true), drops));
