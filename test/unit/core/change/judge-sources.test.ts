import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contains, type Ip, parseCidr, parseIp } from '../../../../core/base/ip.ts';
import { cutSessions, cutSources, judgeBy, MOST_CUT } from '../../../../core/change/judge-sources.ts';
import { fc } from '../../../support/random.ts';

const ip = (text: string): Ip => text as Ip;
const NOBODY = { infra: [], allowed: [], denied: [], isBlocked: () => false };

for (const { name, rules, source, passes, by } of [
  { name: 'no rule', rules: NOBODY, source: '192.0.2.2', passes: true, by: 'nothing' },
  { name: 'denied', rules: { ...NOBODY, denied: ['192.0.2.0/24'] }, source: '192.0.2.2', passes: false, by: 'denied' },
  {
    name: 'beside it',
    rules: { ...NOBODY, denied: ['192.0.2.0/31'] },
    source: '192.0.2.2',
    passes: true,
    by: 'nothing',
  },
  {
    name: 'other family',
    rules: { ...NOBODY, denied: ['0.0.0.0/0'] },
    source: '2001:db8::1',
    passes: true,
    by: 'nothing',
  },
  {
    name: 'infra ahead of all',
    rules: { infra: ['192.0.2.2'], allowed: [], denied: ['0.0.0.0/0'], isBlocked: () => true },
    source: '192.0.2.2',
    passes: true,
    by: 'infra',
  },
  {
    name: 'allowed ahead of blocked',
    rules: { ...NOBODY, allowed: ['2001:db8::/32'], isBlocked: () => true },
    source: '2001:db8::1',
    passes: true,
    by: 'allowed',
  },
  {
    name: 'blocked ahead of denied',
    rules: { ...NOBODY, denied: ['0.0.0.0/0'], isBlocked: () => true },
    source: '192.0.2.2',
    passes: false,
    by: 'blocked',
  },
  { name: 'no network', rules: { ...NOBODY, denied: ['x', ''] }, source: '192.0.2.2', passes: true, by: 'nothing' },
])
  test(`${name}: ${source} ${passes ? 'passes' : 'is dropped'} by ${by}`, () =>
    assert.deepEqual(judgeBy(rules)(ip(source)), { passes, by }));

test('a network holds what it contains, whatever its length', () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const quad = fc.tuple(octet, octet, octet, octet).map((bytes) => bytes.join('.'));
  fc.assert(
    fc.property(fc.array(fc.tuple(quad, fc.integer({ min: 0, max: 32 })), { maxLength: 5 }), quad, (nets, source) => {
      const denied = nets.map(([address, prefix]) => `${address}/${prefix}`);
      const parsed = parseIp(source);
      const expected = denied.some((text) => {
        const net = parseCidr(text);
        return net.ok && parsed.ok && contains(net.value, parsed.value);
      });
      assert.equal(judgeBy({ ...NOBODY, denied })(ip(source)).passes, !expected);
    }),
  );
});

const before = judgeBy({ ...NOBODY, denied: ['203.0.113.0/24'] });
const after = judgeBy({ ...NOBODY, denied: ['0.0.0.0/0'], infra: ['192.0.2.7'] });

test('only who got in and would not any more is cut, the busiest first; loopback never', () => {
  const sources = [
    ['198.51.100.1', 1],
    ['198.51.100.2', 9],
    ['192.0.2.7', 100],
    ['203.0.113.5', 100],
    ['127.0.0.1', 100],
  ] as const;
  const found = cutSources(
    sources.map(([text, events]) => ({ ip: ip(text), events })),
    before,
    after,
  );
  assert.deepEqual(found, {
    cut: [
      { ip: '198.51.100.2', events: 9, by: 'denied' },
      { ip: '198.51.100.1', events: 1, by: 'denied' },
    ],
    more: false,
  });
});

test('the connection of who asks is named first, however many others there are', () => {
  const session = (remote: string, localPort: number) => ({
    local: ip('192.0.2.1'),
    localPort,
    remote: ip(remote),
    remotePort: 5,
  });
  const many = Array.from({ length: 200 }, (_, i) => session(`198.51.100.${i}`, 22));
  const asking = ip('198.51.100.250');
  const found = cutSessions([...many, session('192.0.2.7', 22), session(asking, 9443)], { before, after, asking });
  assert.deepEqual([found.cut.length, found.more, found.cutsYou], [MOST_CUT, true, true]);
  assert.deepEqual(found.cut[0], { ip: asking, port: 5, localPort: 9443, yours: true, by: 'denied' });
});

const PORTS = {
  restrictedTcp: [{ first: 2087, last: 2087 }],
  open: { tcp: [{ first: 22, last: 22 }], udp: [] },
} as const;

test('a port that is closed is closed to whom nothing lets in; where no port is known nothing is said of it', () => {
  const judge = judgeBy({
    ...NOBODY,
    infra: ['192.0.2.1'],
    allowedPorts: new Set(['192.0.2.3 9443']),
    features: PORTS,
  });
  const by = (text: string, port?: number) => judge(ip(text), port).by;
  assert.deepEqual(
    [by('192.0.2.2', 22), by('192.0.2.2', 9443), by('192.0.2.2', 2087), by('192.0.2.2')],
    ['nothing', 'closed', 'restricted', 'nothing'],
  );
  assert.deepEqual(
    [by('192.0.2.1', 2087), by('192.0.2.3', 9443), by('192.0.2.3', 2087)],
    ['infra', 'allowed', 'restricted'],
  );
  const counted = judgeBy({ ...NOBODY, features: { ...PORTS, counting: ['default_drop', 'restricted_tcp'] } });
  assert.equal(counted(ip('192.0.2.2'), 2087).passes, true);
});

test('a connection to a port that closes could not be made again; one that was made from here can', () => {
  const [before, after] = [judgeBy(NOBODY), judgeBy({ ...NOBODY, features: PORTS })];
  const session = (localPort: number, outgoing?: true) => ({
    local: ip('192.0.2.9'),
    localPort,
    remote: ip('192.0.2.2'),
    remotePort: 50_000,
    ...(outgoing && { outgoing }),
  });
  const { cut, cutsYou } = cutSessions([session(22), session(9443), session(40_000, true)], {
    before,
    after,
    asking: ip('192.0.2.2'),
  });
  assert.deepEqual([cut.map(({ localPort, by }) => `${localPort} ${by}`), cutsYou], [['9443 closed'], true]);
});
