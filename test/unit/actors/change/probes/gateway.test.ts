import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatewaysIn, probeGateway } from '../../../../../actors/change/probes/gateway.ts';
import { json, ScriptedTools, said } from '../../../../support/scripted-tools.ts';

const { signal } = new AbortController();
const ROUTE = json([{ dst: 'default', gateway: '192.0.2.1', dev: 'eth0' }]);
const NO_PING = said('', 1);
const near = (...state: readonly string[]) => json([{ dst: '192.0.2.1', lladdr: '02:00:00:00:00:01', state }]);

for (const { name, programs, result, says } of [
  { name: 'no route', programs: [], result: 'unknown', says: /no default route with a gateway/ },
  { name: 'a ping that is answered', programs: [['ping', said('')]], result: 'passed', says: /answers ping/ },
  {
    name: 'ARP alone',
    programs: [
      ['ping', NO_PING],
      ['neigh', near('REACHABLE')],
    ],
    result: 'passed',
    says: /answers ARP, not ping/,
  },
  {
    name: 'ARP where there is no ping',
    programs: [
      ['ping', { kind: 'missing' }],
      ['neigh', near('REACHABLE')],
    ],
    result: 'passed',
    says: /answers ARP, ping is not installed/,
  },
  {
    name: 'neither',
    programs: [
      ['ping', NO_PING],
      ['neigh', near('FAILED')],
    ],
    result: 'failed',
    says: /does not answer ARP, not ping/,
  },
  {
    name: 'a neighbour the kernel only remembers',
    programs: [
      ['ping', NO_PING],
      ['neigh', near('STALE')],
    ],
    result: 'unknown',
    says: /does not find out/,
  },
  {
    name: 'no neighbour at all',
    programs: [
      ['ping', NO_PING],
      ['neigh', json([])],
    ],
    result: 'unknown',
    says: /does not find out/,
  },
  {
    name: 'a neighbour table that is no JSON',
    programs: [
      ['ping', NO_PING],
      ['neigh', said('<html>')],
    ],
    result: 'unknown',
    says: /does not find out/,
  },
  {
    name: 'ip that hangs',
    programs: [
      ['ping', { kind: 'late' }],
      ['neigh', { kind: 'late' }],
    ],
    result: 'unknown',
    says: /ip did not end in time/,
  },
] as const)
  test(`the gateway with ${name}: ${result}`, async () => {
    const route = name === 'no route' ? [] : ([['-4 route', ROUTE]] as const);
    const seen = await probeGateway(new ScriptedTools([...route, ...programs]), signal);
    assert.equal(seen.result, result, seen.detail);
    assert.match(seen.detail, says);
  });

test('without ip nothing is known, and why', async () => {
  const seen = await probeGateway(new ScriptedTools([['ip', { kind: 'missing' }]]), signal);
  assert.deepEqual(seen, { result: 'unknown', detail: 'the routes cannot be read: ip is not installed' });
});

test('every gateway has to answer, those of a route over several too', async () => {
  const both = json([
    {
      dst: 'default',
      nexthops: [
        { gateway: '192.0.2.1', dev: 'a' },
        { gateway: '192.0.2.2', dev: 'b' },
      ],
    },
  ]);
  const tools = new ScriptedTools([
    ['-4 route', both],
    ['-I b', NO_PING],
    ['dev b', near('FAILED')],
  ]);
  const seen = await probeGateway(tools, signal);
  assert.equal(seen.result, 'failed');
  assert.match(seen.detail, /192\.0\.2\.1 \(a\) answers ping; gateway 192\.0\.2\.2 \(b\) does not/);
});

test('an IPv4 route by an IPv6 neighbour has one, a route into a tunnel none; words are never options', () => {
  const via = { dst: 'default', via: { family: 'inet6', host: 'fe80::1' }, dev: 'eth0' };
  const routes = [via, { dst: 'default', dev: 'ppp0' }, { gateway: '-f', dev: 'x' }, null, 'x'];
  assert.deepEqual(gatewaysIn(JSON.stringify(routes)), [{ address: 'fe80::1', device: 'eth0' }]);
  assert.deepEqual(gatewaysIn('{"a":'), []);
});
