import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../../core/base/ip.ts';
import { runCommand, type World } from '../../../support/cli.ts';

const UNTIL = '2026-01-02T03:04:05Z';
const saying = (body: unknown): World => ({ answer: { status: 200, body } });

for (const [facts, says] of [
  [{ verdict: 'free' }, /^192\.0\.2\.1 is not blocked\n$/],
  [
    {
      verdict: 'blocked',
      blocks: [
        { subject: '192.0.2.1', reason: 'ssh\u001b[1m', expires_at: UNTIL, enforced: true },
        { subject: '192.0.2.0/24', reason: '', expires_at: '', enforced: false },
      ],
    },
    /is blocked\nblock of 192\.0\.2\.1 +until 2026-01-02T03:04:05Z: ssh\\x1b\[1m\nblock of 192\.0\.2\.0\/24 +for good, NOT YET in the kernel\n$/,
  ],
  [
    { verdict: 'waiting', waiting: { since: UNTIL, reason: 'scan' } },
    /is not blocked yet: its block waits for its turn\nwaits +since 2026-01-02T03:04:05Z: scan\n$/,
  ],
  [
    { verdict: 'allowed', allowed: { subject: '192.0.2.0/24', reason: 'office', expires_at: '' } },
    /is always let in\nallow of 192\.0\.2\.0\/24 +for good: office\n$/,
  ],
  [
    { verdict: 'guarded', guarded: { network: '192.0.2.0/24', why: 'listed in infra_ips' } },
    /is never blocked\nguarded +192\.0\.2\.0\/24: listed in infra_ips\n$/,
  ],
  [
    { verdict: 'blocked', lists: [{ name: 'drop', kind: 'block', mode: 'enforce' }] },
    /is blocked\nlist drop +blocked\n$/,
  ],
  [
    {
      verdict: 'denied',
      denied: { network: '192.0.2.0/24' },
      port_allowed: [{ port: 443, proto: 'tcp', reason: 'web', expires_at: '' }],
    },
    /is blocked by the configuration\nallow to 443\/tcp +for good: web\ndenied +192\.0\.2\.0\/24: listed in firewall\.denied_networks\n$/,
  ],
  [{ success: false, error_msg: 'no address' }, /is no address\n$/],
  [null, /is not known\n$/],
] as const)
  test(`check: ${facts?.verdict ?? 'no verdict'}`, async () => {
    assert.match((await runCommand(['check', '192.0.2.1'], saying(facts))).out, says);
  });

for (const [argv, path, body, out] of [
  [['block', '192.0.2.1'], 'block-ip', { ip: '192.0.2.1', duration: '24h' }, '192.0.2.1 is blocked for 24h\n'],
  [
    ['block', '192.0.2.9/24', '--for', '0', '--reason', 'x'],
    'firewall/deny-subnet',
    { cidr: '192.0.2.0/24', duration: '0', reason: 'x' },
    '192.0.2.0/24 is blocked for good\n',
  ],
  [['unblock', '192.0.2.1/32'], 'unblock-ip', { ip: '192.0.2.1' }, '192.0.2.1 is no longer blocked\n'],
  [
    ['unblock', '192.0.2.9/24'],
    'firewall/remove-subnet',
    { cidr: '192.0.2.0/24' },
    '192.0.2.0/24 is no longer blocked\n',
  ],
  [['undo'], 'undo/run', { id: '' }, 'taken back: it, 0 in all\n'],
  [['undo', 'abc'], 'undo/run', { id: 'abc' }, 'taken back: it, 0 in all\n'],
  [['restart'], 'settings/restart', undefined, 'Bartizan starts anew; blocks stay in force meanwhile\n'],
] as const)
  test(`${argv.join(' ')} asks for ${path}`, async () => {
    const result = await runCommand(argv, saying({}));
    const request = { method: 'POST', path: `/api/v1/${path}`, ...(body === undefined ? {} : { body }) };
    assert.deepEqual([result.code, result.asked, result.out], [0, [request], out]);
  });

test('a block tells where the shell came from, and why it is to be done all the same', async () => {
  const cameFrom = '203.0.113.7' as Ip;
  const { asked } = await runCommand(['block', '192.0.2.1', '--force', 'I leave'], { ...saying({}), cameFrom });
  const body = { ip: '192.0.2.1', duration: '24h', force_reason: 'I leave', asking_from: cameFrom };
  assert.deepEqual(asked, [{ method: 'POST', path: '/api/v1/block-ip', body }]);
});

test('an unblock of what was never blocked says so', async () => {
  const { code, out } = await runCommand(['unblock', '192.0.2.1'], saying({ was_blocked: false }));
  assert.deepEqual([code, out], [0, '192.0.2.1 was not blocked\n']);
});

test('what was taken back is named', async () => {
  const { out } = await runCommand(['undo'], saying({ action: 'firewall_bulk_unblock', count: 12 }));
  assert.equal(out, 'taken back: firewall bulk unblock, 12 in all\n');
  const gone = await runCommand(['undo'], { answer: { status: 410, body: { error: 'Undo window expired' } } });
  assert.deepEqual([gone.code, gone.err], [4, 'bartizan: Undo window expired\n']);
});

test('a flush asks first, and does it without asking only for --yes', async () => {
  const flushed = saying({ addresses: 3, networks: 1 });
  const nobody = await runCommand(['flush'], flushed);
  assert.deepEqual([nobody.code, nobody.asked], [2, []]);
  assert.match(nobody.err, /--yes does it without asking/);
  const no = await runCommand(['flush'], { ...flushed, says: 'no' });
  assert.deepEqual([no.code, no.asked], [4, []]);
  for (const run of [runCommand(['flush'], { ...flushed, says: 'yes' }), runCommand(['flush', '--yes'], flushed)]) {
    const { code, asked, out } = await run;
    assert.deepEqual([code, asked], [0, [{ method: 'POST', path: '/api/v1/firewall/flush' }]]);
    assert.match(out, /^every block is lifted: 3 addresses, 1 networks; undo takes it back/);
  }
});

test('an unban says what went with it, and a refusal with 200 is a refusal', async () => {
  const free = await runCommand(['unban', '192.0.2.1'], saying({ success: true, subnet_removed: '192.0.2.0/24' }));
  assert.deepEqual(
    [free.code, free.out],
    [0, '192.0.2.1 is free, and 192.0.2.0/24 with it; nothing counts against it\n'],
  );
  const warned = await runCommand(['unban', '192.0.2.1'], saying({ success: true, warning: 'later' }));
  assert.equal(warned.err, 'bartizan: warning: later\n');
  const refused = await runCommand(['unban', '10.0.0.1'], saying({ success: false, error_msg: 'private' }));
  assert.deepEqual([refused.code, refused.out, refused.err], [4, '', 'bartizan: private\n']);
});

test('the firewall at a glance, with what its rules have dropped', async () => {
  const answers = {
    '/api/v1/firewall/status': {
      enabled: true,
      blocked_count: 1200,
      blocked_permanent: 200,
      blocked_temporary: 1000,
      infra_ips: ['192.0.2.1'],
    },
    '/api/v1/firewall/lists': {
      lists: [{ name: 'drop', kind: 'block', mode: 'count', state: 'never_loaded', packets: 5 }],
    },
    '/api/v1/status': { enforcement: { ratio: 0.99999, held: 1199, desired: 1200 } },
    '/api/v1/firewall/counters?since=24h': {
      counters: [{ name: 'blocked4', total: { packets: 5000, bytes: 9 }, packets: [1, 2000, 3], bytes: [60, 60, 60] }],
    },
  };
  const { code, out } = await runCommand(['firewall', '--since', '24h'], { answers });
  assert.equal(code, 0);
  assert.match(out, /^firewall +on\nblocked +1,200 addresses \(200 for good, 1,000 for a time\)/);
  assert.match(
    out,
    /in the kernel +99\.99 %, 1,199 of 1,200\nlists +drop: counts, as block, never loaded, 5 packets\n/,
  );
  assert.match(out, /infra +192\.0\.2\.1\n/);
  assert.match(out, /RULE +PACKETS SINCE 24h +BYTES +PACKETS IN ALL\nblocked4 +2,004 +180 +5,000/);
  assert.equal((await runCommand(['firewall'], saying(null))).code, 0);
  const json = await runCommand(['firewall', '--since', '24h', '--json'], { answers });
  const [firewall, counters, lists, status] = [
    '/api/v1/firewall/status',
    '/api/v1/firewall/counters?since=24h',
    '/api/v1/firewall/lists',
    '/api/v1/status',
  ].map((path) => (answers as Record<string, unknown>)[path]);
  assert.deepEqual(JSON.parse(json.out), { firewall, counters, lists, status });
});

test('status names what is on trial and what waits for a restart', async () => {
  const body = {
    on_trial: { summary: 'firewall.denied_networks', seconds_remaining: 61 },
    restart_pending: ['events.keep', 'webui.listen'],
  };
  const { out } = await runCommand(['status'], saying(body));
  assert.match(
    out,
    /^ON TRIAL +firewall\.denied_networks: taken back in 61 s unless somebody says: bartizan change confirm$/m,
  );
  assert.match(out, /^at a restart +events\.keep, webui\.listen take effect: bartizan restart$/m);
});

test('status says how the link to a controller stands, where there is to be one', async () => {
  const shown = async (link: object) => {
    const { out } = await runCommand(['status'], saying({ components: [{ name: 'controller-link', ...link }] }));
    return /^controller +(.*)$/m.exec(out)?.[1];
  };
  const detail = 'connected to mqtts://broker.example:8883';
  assert.equal(await shown({ state: 'ok', detail }), detail);
  assert.equal(await shown({ state: 'degraded', message: 'no connection' }), 'degraded (no connection)');
  assert.equal(await shown({ state: 'off' }), undefined);
});
