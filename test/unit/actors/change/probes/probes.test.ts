import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Probes } from '../../../../../actors/change/probes/index.ts';
import { sendThrough, watched } from '../../../../../actors/change/probes/packets.ts';
import type { ProbeDeps } from '../../../../../actors/change/probes/port.ts';
import type { Ip } from '../../../../../core/base/ip.ts';
import { fail, ok } from '../../../../../core/base/result.ts';
import { millis } from '../../../../../core/base/time.ts';
import { TRIED } from '../../../../support/api/fake-trials.ts';
import { json, ScriptedTools, said } from '../../../../support/scripted-tools.ts';

const { signal } = new AbortController();
const ADMIN = '192.0.2.2' as Ip;
const TARGET = { host: '0.0.0.0', port: 9443, fingerprint: 'AA:BB' };

function probes(deps: Partial<ProbeDeps> = {}): Probes {
  return new Probes({
    tools: new ScriptedTools(),
    stateDirectory: '/state',
    api: () => ok(TARGET),
    rules: async () => ok({ confirmed: 'table inet a {}', candidate: 'table inet b {}' }),
    connected: async () =>
      ok([
        { ip: ADMIN, port: 22 },
        { ip: '127.0.0.1' as Ip, port: 9443 },
      ]),
    checkStore: async () => ok(undefined),
    isCredentialGood: () => true,
    ...deps,
  });
}

const run = (what: Probes, name: Parameters<Probes['probe']>[0], change = TRIED) =>
  what.probe(name).run(change, signal);

test('a change is judged by the probes of its parts, and by the controller once there is one', () => {
  const names = (what: Probes) => what.for(TRIED).map(({ name }) => name);
  const own = ['gateway', 'dns', 'admin-source', 'api', 'disk', 'store'];
  assert.deepEqual(names(probes()), own);
  assert.deepEqual(names(probes({ controllerHeard: () => millis(5) })), [...own, 'controller']);
});

test('the controller: not configured, heard, not heard', async () => {
  assert.deepEqual(await run(probes(), 'controller'), { result: 'unknown', detail: 'no controller is configured' });
  assert.equal((await run(probes({ controllerHeard: () => millis(1000) }), 'controller')).result, 'passed');
  assert.equal((await run(probes({ controllerHeard: () => millis(100_000) }), 'controller')).result, 'failed');
});

test('the credential: good, gone, not to be told', async () => {
  for (const [isGood, result] of [
    [true, 'passed'],
    [false, 'failed'],
    [undefined, 'unknown'],
  ] as const)
    assert.equal((await run(probes({ isCredentialGood: () => isGood }), 'credential')).result, result);
});

test('the disk: written, not writable, full', async () => {
  const tools = new ScriptedTools();
  assert.equal((await run(probes({ tools }), 'disk')).result, 'passed');
  tools.writeFile = async () => fail('failed', 'EROFS');
  assert.deepEqual(await run(probes({ tools }), 'disk'), {
    result: 'failed',
    detail: '/state cannot be written: EROFS',
  });
  tools.writeFile = async () => ok(1000);
  assert.equal((await run(probes({ tools }), 'disk')).result, 'failed');
  assert.equal((await run(probes({ checkStore: async () => fail('failed', 'no') }), 'store')).result, 'failed');
});

const answer = { status: 200, fingerprint: TARGET.fingerprint };

test('the API: heard from outside, cut after that, not to be tried', async () => {
  const tools = new ScriptedTools();
  const what = probes({ tools });
  assert.equal((await run(what, 'api')).result, 'failed', 'not even here');
  tools.askApi = async () => ok(answer);
  assert.equal((await run(what, 'api')).result, 'unknown', 'never heard from outside');
  tools.askApiFrom = async () => ok(answer);
  assert.equal((await run(what, 'api')).result, 'passed');
  tools.askApiFrom = async () => fail('failed', 'no answer');
  assert.equal((await run(what, 'api')).result, 'failed');
  tools.askApi = async () => ok({ ...answer, fingerprint: 'CC' });
  assert.match((await run(what, 'api')).detail, /somebody else answers/);
  const denied = new ScriptedTools([['ip -batch', said('', 1, 'Operation not permitted')]]);
  denied.askApi = async () => ok(answer);
  const seen = await run(probes({ tools: denied }), 'api');
  assert.equal(seen.result, 'passed');
  assert.match(seen.detail, /over loopback; from outside not tried: .*Operation not permitted/);
});

test('an API that listens on loopback alone is lost to who ordered that from elsewhere', async () => {
  const tools = new ScriptedTools();
  tools.askApi = async () => ok({ status: 200, fingerprint: TARGET.fingerprint });
  const what = probes({ tools, api: () => ok({ ...TARGET, host: '127.0.0.1' }) });
  const from = (peer: string) => ({ ...TRIED, word: { ...TRIED.word, peer } });
  assert.equal((await run(what, 'api', from('192.0.2.2'))).result, 'failed');
  for (const peer of ['127.0.0.1', 'local']) assert.equal((await run(what, 'api', from(peer))).result, 'passed', peer);
});

test('an API that does not listen has failed once it did; before that it may be on its way', async () => {
  let isUp = false;
  const what = probes({ api: () => (isUp ? ok(TARGET) : fail('failed', 'the port is taken')) });
  assert.deepEqual(await run(what, 'api'), { result: 'unknown', detail: 'the port is taken' });
  isUp = true;
  await run(what, 'api');
  isUp = false;
  assert.deepEqual(await run(what, 'api'), { result: 'failed', detail: 'the port is taken' });
});

const listed = (...seen: readonly (readonly [chain: string, nth: number])[]) =>
  json({
    nftables: [
      { metainfo: {} },
      ...seen.map(([chain, nth]) => ({
        rule: { chain, comment: String(nth), expr: [{ match: {} }, { counter: { packets: 1, bytes: 60 } }] },
      })),
    ],
  });

for (const { name, programs, result, says } of [
  {
    name: 'witnesses on both sides',
    programs: [['list table', listed(['ahead', 0], ['inside', 0])]],
    result: 'passed',
    says: /get past/,
  },
  {
    name: 'a witness ahead alone',
    programs: [['list table', listed(['ahead', 0])]],
    result: 'failed',
    says: /as they did before/,
  },
  {
    name: 'no witness',
    programs: [['list table', listed()]],
    result: 'unknown',
    says: /no packet from 192\.0\.2\.2 to port 22/,
  },
  {
    name: 'nft that is absent',
    programs: [['nft', { kind: 'missing' }]],
    result: 'unknown',
    says: /nft is not installed/,
  },
  { name: 'nft that hangs', programs: [['nft', { kind: 'late' }]], result: 'unknown', says: /did not end in time/ },
  { name: 'nft that lies', programs: [['list table', said('{"nftables": 5}')]], result: 'unknown', says: /no packet/ },
  {
    name: 'rules that are refused',
    programs: [['nft -f', said('', 1, 'syntax error')]],
    result: 'failed',
    says: /syntax error/,
  },
  {
    name: 'no privilege',
    programs: [['ip -batch', said('', 1, 'not permitted')]],
    result: 'unknown',
    says: /not permitted/,
  },
] as const)
  test(`the admin's source with ${name}: ${result}; all namespaces are removed`, async () => {
    const tools = new ScriptedTools(programs);
    const seen = await run(probes({ tools }), 'admin-source');
    assert.equal(seen.result, result, seen.detail);
    assert.match(seen.detail, says);
    const [last] = tools.ran.slice(-1);
    assert.deepEqual(last, ['ip -force -batch -', 'netns del probe0\nnetns del probe1\nnetns del probe2\n']);
    const inHost = tools.ran.filter(
      ([line]) => line.includes('nft') && !line.startsWith('nsenter --net=/run/netns/probe'),
    );
    assert.deepEqual(inHost, [], "the host's own rules are never touched");
  });

for (const peer of ['local', '127.0.0.1', '::1'])
  test(`ordered from ${peer}: whoever is connected from elsewhere counts, by ssh perhaps`, async () => {
    const change = { ...TRIED, word: { ...TRIED.word, peer } };
    const tools = new ScriptedTools([['list table', listed(['ahead', 0], ['inside', 0])]]);
    const seen = await run(probes({ tools }), 'admin-source', change);
    assert.deepEqual([seen.result, seen.detail.includes(ADMIN)], ['passed', true]);

    const alone = new ScriptedTools();
    const connected = async () => ok([{ ip: '127.0.0.1' as Ip, port: 9443 }]);
    assert.equal((await run(probes({ tools: alone, connected }), 'admin-source', change)).result, 'passed');
    assert.deepEqual(alone.ran, [], 'nobody to send packets for');

    const nobodyKnows = async () => fail('failed' as const, 'no /proc');
    assert.equal((await run(probes({ connected: nobodyKnows }), 'admin-source', change)).result, 'unknown');
    const crowd = async () => ok(Array.from({ length: 33 }, (_, i) => ({ ip: `198.51.100.${i}` as Ip, port: 22 })));
    assert.equal((await run(probes({ connected: crowd }), 'admin-source', change)).result, 'unknown');
  });

test('rules that cannot be told leave it unknown', async () => {
  const seen = await run(probes({ rules: async () => fail('unknown', 'nothing is enforced') }), 'admin-source');
  assert.deepEqual(seen, { result: 'unknown', detail: 'nothing is enforced' });
});

test('what a process that is gone has left behind is removed first', async () => {
  const tools = new ScriptedTools([['netns list', said('left1 (id: 3)\nother\n')]]);
  await sendThrough(tools, [''], [{ ip: ADMIN }], signal);
  assert.deepEqual(tools.ran[1], ['ip -force -batch -', 'netns del left1\n']);
});

test('only addresses and numbers reach the rules of the witnesses', () => {
  const all = [
    { ip: ADMIN, port: 22 },
    { ip: '2001:db8::1' as Ip },
    { ip: '1.2.3.4 accept; drop' as Ip },
    { ip: ADMIN, port: '1 drop' as unknown as number },
  ];
  assert.deepEqual(
    all.map((knock) => watched(knock).mark),
    [
      'ip saddr 192.0.2.2 tcp dport 22',
      'ip6 saddr 2001:db8::1 meta l4proto udp',
      'meta l4proto 255',
      'ip saddr 192.0.2.2 tcp dport NaN',
    ],
  );
});
