import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { probeAdminSource } from '../../actors/change/probes/admin-source.ts';
import { type Fate, sendThrough, systemTools } from '../../actors/change/probes/index.ts';
import type { Ip } from '../../core/base/ip.ts';
import { fail, ok } from '../../core/base/result.ts';
import { TRIED } from '../support/api/fake-trials.ts';
import { namespacesUnavailable } from '../support/network-namespace.ts';

const skip = namespacesUnavailable();
const { signal } = new AbortController();
const V4 = '192.0.2.2' as Ip;
const V6 = '2001:db8:1::2' as Ip;
const KNOCKS = [{ ip: V4, port: 22 }, { ip: V6, port: 9443 }, { ip: V4 }, { ip: V6 }];

/** The product's table with these networks, as far as sources go. */
const rules = ({ infra = '', infra6 = '', denied = '', denied6 = '' } = {}): string => {
  const set = (name: string, type: string, elements: string) =>
    `set ${name} { type ${type}; flags interval; ${elements === '' ? '' : `elements = { ${elements} };`} }`;
  return `table inet bartizan {
    ${set('infra4', 'ipv4_addr', infra)}
    ${set('infra6', 'ipv6_addr', infra6)}
    ${set('denied4', 'ipv4_addr', denied)}
    ${set('denied6', 'ipv6_addr', denied6)}
    chain guard {
      type filter hook prerouting priority -190; policy accept;
      iifname "lo" accept
      ip saddr @infra4 accept
      ip6 saddr @infra6 accept
      ip saddr @denied4 counter drop
      ip6 saddr @denied6 counter drop
    }
  }`;
};

const HARMLESS = rules({ denied: '203.0.113.0/24', denied6: '2001:db8:bad::/48' });
const CUTTING = rules({ denied: '0.0.0.0/0', denied6: '::/0' });
const LISTED = rules({ infra: '192.0.2.0/24', infra6: '2001:db8:1::/48', denied: '0.0.0.0/0', denied6: '::/0' });

const namespaces = (): readonly string[] =>
  execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.split(' ', 1)[0] ?? '')
    .filter((name) => name.startsWith(`bz-probe-${process.pid}-`));

const ruleset = (): string => execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' });
const links = (): string => execFileSync('ip', ['-br', 'link'], { encoding: 'utf8' });

test('real packets of both families say which rules let a source in', { skip }, async () => {
  const before = [ruleset(), links()];
  const fates = await sendThrough(systemTools, [HARMLESS, CUTTING, LISTED], KNOCKS, signal);
  assert.ok(fates.ok, fates.ok ? '' : fates.public);
  const all = (fate: Fate): readonly Fate[] => KNOCKS.map(() => fate);
  assert.deepEqual(fates.value, [all('passes'), all('dropped'), all('passes')]);
  assert.deepEqual(namespaces(), []);
  assert.deepEqual([ruleset(), links()], before, 'the own ruleset and interfaces are as they were');
});

test('a port that closes is closed to whoever knocks there, not to who is listed', { skip }, async () => {
  const closing = (accept: string): string => `table inet bartizan {
    chain host {
      type filter hook input priority -5; policy accept;
      ${accept}
      ct state established,related accept
      tcp dport 22 accept
      counter drop
    }
  }`;
  const fates = await sendThrough(systemTools, [closing(''), closing(`ip saddr ${V4} accept`)], KNOCKS, signal);
  assert.deepEqual(fates.ok ? fates.value : fates.public, [
    ['passes', 'dropped', 'passes', 'passes'],
    ['passes', 'dropped', 'passes', 'passes'],
  ]);
  const console = [{ ip: V4, port: 9443 }];
  const both = await sendThrough(systemTools, [closing(''), closing(`ip saddr ${V4} accept`)], console, signal);
  assert.deepEqual(both.ok ? both.value : both.public, [['dropped'], ['passes']]);
});

test('a change ordered on this machine is held against those who are connected to it', { skip }, async () => {
  const change = { ...TRIED, word: { ...TRIED.word, peer: '127.0.0.1' } };
  const seenUnder = (candidate: string) =>
    probeAdminSource(
      {
        tools: systemTools,
        rules: async () => ok({ candidate, confirmed: HARMLESS }),
        connected: async () => ok(KNOCKS),
        api: () => fail('failed', 'not asked'),
      },
      change,
      signal,
    );
  const cut = await seenUnder(CUTTING);
  assert.equal(cut.result, 'failed', cut.detail);
  assert.ok(cut.detail.includes(V4) && cut.detail.includes(V6), cut.detail);
  assert.equal((await seenUnder(LISTED)).result, 'passed');
});

for (const [name, candidate, result, says] of [
  ['that cuts its author off fails', CUTTING, 'failed', /drop packets from .*, which got past the old ones/],
  ['that is harmless passes', HARMLESS, 'passed', /get past the new rules/],
  ['that lets in what is listed passes for its author', LISTED, 'passed', /get past the new rules/],
  ['that the kernel refuses fails', 'table inet bartizan { chain x { bogus } }', 'failed', /the rules are refused: /],
] as const)
  for (const peer of [V4, V6])
    test(`a candidate ${name}, ${peer}`, { skip }, async () => {
      const rules = async () => ok({ candidate, confirmed: HARMLESS });
      const api = () => ok({ host: '0.0.0.0', port: 9443, fingerprint: 'AA' });
      const deps = { tools: systemTools, rules, connected: async () => ok([]), api };
      const change = { ...TRIED, word: { ...TRIED.word, peer } };
      const started = performance.now();
      const seen = await probeAdminSource(deps, change, signal);
      const took = performance.now() - started;
      assert.equal(seen.result, result, seen.detail);
      assert.match(seen.detail, says);
      assert.ok(took < 2000 * patience(), `took ${Math.round(took)} ms`);
      assert.deepEqual(namespaces(), []);
    });

/** Two seconds are meant for a machine with nothing else to do. */
const patience = (): number =>
  Math.max(1, Number(execFileSync('cut', ['-d', ' ', '-f1', '/proc/loadavg'], { encoding: 'utf8' })) / 2);

test('what a killed process has left behind is removed by the next', { skip }, async () => {
  const child = spawn('sleep', ['60']);
  const name = `bz-probe-${child.pid}-0123456789ab`;
  execFileSync('ip', ['netns', 'add', name]);
  const there = (): boolean => execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).includes(name);
  await sendThrough(systemTools, [HARMLESS], [{ ip: V4 }], signal);
  assert.equal(there(), true, 'its maker still lives');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await sendThrough(systemTools, [HARMLESS], [{ ip: V4 }], signal);
  assert.equal(there(), false);
});

test('one that is stopped on its way leaves nothing behind', { skip }, async () => {
  const stop = new AbortController();
  const running = sendThrough(systemTools, [HARMLESS, CUTTING], [{ ip: V4 }], stop.signal);
  stop.abort();
  const fates = await running;
  assert.equal(fates.ok, false);
  assert.deepEqual(namespaces(), []);
});
