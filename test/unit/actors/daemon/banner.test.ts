import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BannerFacts, banner } from '../../../../actors/daemon/banner.ts';

const facts: BannerFacts = {
  version: '1.2.3',
  listen: '127.0.0.1:9443',
  port: 9443,
  httpTrouble: undefined,
  fingerprint: 'AA:BB',
  certificateFrom: 'its authority: /s/tls/ca.crt',
  mode: 'observe',
  modeReason: undefined,
  httpEngine: 'uWebSockets.js',
  httpEngineReason: undefined,
  firewallEngine: 'netlink addon',
  configFile: '/s/bartizan.yaml',
  configCreated: true,
  sources: ['/var/log/auth.log (sshd)', '/x (sshd)'],
  notes: ['no source: y'],
  claimCode: 'AAAA-BBBB',
  serial: '4K7Q-M2XW-9TS',
  startMs: 512,
};

test('says what a person at the terminal needs', () => {
  assert.deepEqual(banner(facts).split('\n'), [
    'bartizan  1.2.3, ready in 512ms',
    'serial    4K7Q-M2XW-9TS',
    'console   https://127.0.0.1:9443/',
    '          certificate SHA-256 AA:BB',
    '          its authority: /s/tls/ca.crt',
    'mode      observe: findings only, the kernel is not touched',
    'engine    HTTPS: uWebSockets.js; nftables: netlink addon',
    'config    /s/bartizan.yaml (just written)',
    'watches   /var/log/auth.log (sshd)',
    '          /x (sshd)',
    'note      no source: y',
    'claim     AAAA-BBBB   (once, within 24 h, five tries)',
    '',
  ]);
});

test('once claimed there is no code, and trouble is said', () => {
  const text = banner({
    ...facts,
    claimCode: undefined,
    port: undefined,
    httpTrouble: 'another program does already',
    mode: 'enforce',
    modeReason: 'the kernel does not hold the blocks: needs CAP_NET_ADMIN',
    httpEngine: 'node:https',
    httpEngineReason: 'uWebSockets.js is not installed',
  });
  assert.doesNotMatch(text, /claim/);
  assert.match(text, /console {3}cannot listen on 127\.0\.0\.1:9443, tried again every 30 s: another program/);
  assert.match(text, /mode {6}enforce: .*\n {10}but the kernel does not hold the blocks: needs CAP_NET_ADMIN/);
  assert.match(text, /engine {4}HTTPS: node:https; nftables: .*\n {10}uWebSockets\.js is not installed/);
});

for (const [listen, url] of [
  ['0.0.0.0:9443', 'https://127.0.0.1:9443/'],
  ['[::]:9443', 'https://127.0.0.1:9443/'],
  ['[2001:db8::1]:9443', 'https://[2001:db8::1]:9443/'],
  ['edge01.example:9443', 'https://edge01.example:9443/'],
] as const)
  test(`a browser opens ${url} for ${listen}`, () =>
    assert.match(banner({ ...facts, listen }), new RegExp(url.replaceAll(/[[\]]/g, '\\$&'))));
