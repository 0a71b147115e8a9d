import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCommand } from '../../../support/cli.ts';

const hostile = '\u001b[31mred';

for (const { command, path, further = [], body, shows } of [
  {
    command: 'blocks',
    path: '/blocked-ips',
    further: ['/firewall/subnets', '/pending-blocks'],
    body: [
      { ip: '192.0.2.7', reason: hostile, source: 'cli', expires_in: '23h59m', enforced: false },
      { cidr: '192.0.2.0/24', reason: 'three', source: 'auto_response', expires_in: '5m', enforced: true },
      { ip: '192.0.2.8', reason: 'SSH', waiting_since: 'T', expires_in: '24h0m' },
    ],
    shows:
      /192\.0\.2\.7 +23h59m +NOT YET +cli +\\x1b\[31mred *\n192\.0\.2\.0\/24 +5m +drops +auto_response +three *\n192\.0\.2\.8 +24h0m +its turn to come +auto_response +SSH/,
  },
  {
    command: 'allowed',
    path: '/firewall/allowed',
    body: { allowed: [{ ip: '192.0.2.0/24', reason: 'office', source: 'web_ui', expires_in: 'permanent' }] },
    shows: /192\.0\.2\.0\/24 +all +permanent +web_ui +office/,
  },
  {
    command: 'allowed',
    path: '/firewall/allowed',
    body: { port_allowed: [{ ip: '192.0.2.7', port: 443, proto: 'tcp', source: 'web_ui', expires_in: '2h' }] },
    shows: /192\.0\.2\.7 +443\/tcp +2h +web_ui/,
  },
  {
    command: 'history',
    path: '/history',
    body: { findings: [{ timestamp: '2026-01-02T03:04:05Z', severity: 1, check: 'ssh_bruteforce', message: hostile }] },
    shows: /03:04:05Z +high +ssh_bruteforce +\\x1b\[31mred/,
  },
  {
    command: 'audit',
    path: '/audit',
    body: [{ timestamp: 'T', actor: '', actor_kind: 'anonymous', action: 'login', target: 'x', status: 401 }],
    shows: /T +anonymous +local +login +401 +x/,
  },
  {
    command: 'components',
    path: '/components',
    body: [
      { name: 'store', label: 'Store', state: 'degraded', changed_ago: '3m', message: 'disk full' },
      {
        label: 'Log file /x',
        state: 'ok',
        changed_ago: '3m',
        detail: 'may be written by root',
        provenance: 'file',
        seen: { count: 1204, unit: 'bytes' },
      },
    ],
    shows: /Store +degraded +3m +disk full\nLog file \/x +ok +3m +1,204 bytes +file +may be written by root/,
  },
  {
    command: 'tokens',
    path: '/tokens',
    body: [{ id: 'a1', name: 'panel', scopes: ['read', 'metrics'], state: 'active', source: 'api' }],
    shows: /a1 +panel +read metrics +active +api/,
  },
]) {
  test(`${command} is a table for people, JSON lines for scripts, a sentence where there is nothing`, async () => {
    const answer = { status: 200, body };
    const table = await runCommand([command], { answer });
    const asked = [path, ...further].map((one) => ({ method: 'GET', path: `/api/v1${one}` }));
    assert.deepEqual([table.code, table.asked], [0, asked]);
    assert.match(table.out, shows);
    const json = await runCommand([command, '--json'], { answer });
    assert.doesNotMatch(json.out, new RegExp(hostile.slice(0, 1)));
    assert.ok(JSON.parse(json.out.split('\n')[0] ?? ''));
    for (const nothing of [null, [], {}, 'nonsense']) {
      const empty = await runCommand([command], { answer: { status: 200, body: nothing } });
      assert.deepEqual([empty.code, empty.out.split('\n').length], [0, 2], JSON.stringify(nothing));
    }
  });
}

test('history asks for what is searched, whatever it is written of', async () => {
  const { asked } = await runCommand(['history', '--search', 'a&b c', '--limit', '5'], {
    answer: { status: 200, body: null },
  });
  assert.equal(asked[0]?.path, '/api/v1/history?search=a%26b+c&limit=5');
});

test('the mode is told with its reason, and set where one is named', async () => {
  const told = await runCommand(['mode'], {
    answer: { status: 200, body: { mode: 'observe', mode_reason: 'no root' } },
  });
  assert.equal(told.out, 'observe (no root)\n');
  const set = await runCommand(['mode', 'enforce'], { answer: { status: 200, body: { warning: 'later' } } });
  assert.deepEqual(set.asked, [{ method: 'POST', path: '/api/v1/mode', body: { mode: 'enforce' } }]);
  assert.deepEqual([set.out, set.err], ['the mode is enforce\n', 'bartizan: warning: later\n']);
  const wrong = await runCommand(['mode', 'panic']);
  assert.deepEqual([wrong.code, wrong.asked], [2, []]);
  assert.match(wrong.err, /"panic" is no mode; there are observe, dry_run, enforce/);
});

for (const { argv, asked, answer = {}, out } of [
  {
    argv: ['allow', '192.0.2.77/24', '--for', '7d', '--reason', 'office'],
    asked: {
      method: 'POST',
      path: '/api/v1/firewall/allow-ip',
      body: { ip: '192.0.2.77/24', duration: '7d', reason: 'office' },
    },
    answer: { ip: '192.0.2.0/24', replaced: { expires_at: '', reason: 'x' } },
    out: '192.0.2.0/24 is allowed for 7d; before it was for good\n',
  },
  {
    argv: ['allow', '::ffff:192.0.2.7'],
    asked: { method: 'POST', path: '/api/v1/firewall/allow-ip', body: { ip: '::ffff:192.0.2.7', duration: '0' } },
    answer: { ip: '192.0.2.7' },
    out: '192.0.2.7 is allowed for good\n',
  },
  {
    argv: ['disallow', '2001:DB8::1'],
    asked: { method: 'POST', path: '/api/v1/firewall/remove-allow', body: { ip: '2001:DB8::1' } },
    answer: { ip: '2001:db8::1' },
    out: '2001:db8::1 is let in no more than any other\n',
  },
  {
    argv: ['unblock', '192.0.2.7/24'],
    asked: { method: 'POST', path: '/api/v1/firewall/remove-subnet', body: { cidr: '192.0.2.0/24' } },
    out: '192.0.2.0/24 is no longer blocked\n',
  },
  {
    argv: ['unblock', '2001:db8::1/128'],
    asked: { method: 'POST', path: '/api/v1/unblock-ip', body: { ip: '2001:db8::1' } },
    out: '2001:db8::1 is no longer blocked\n',
  },
  {
    argv: ['token-create', 'panel', '--scope', 'metrics', '--for', '90d'],
    asked: { method: 'POST', path: '/api/v1/tokens', body: { name: 'panel', scope: 'metrics', expires_in: '90d' } },
    out: 'the-secret\n',
  },
  {
    argv: ['token-revoke', 'a/1'],
    asked: { method: 'DELETE', path: '/api/v1/tokens/a%2F1' },
    out: 'panel opens nothing any more\n',
  },
])
  test(`${argv.join(' ')} orders just that and says what was done`, async () => {
    const ran = await runCommand(argv, {
      answer: { status: 200, body: { token: 'the-secret', name: 'panel', ...answer } },
    });
    assert.deepEqual([ran.code, ran.asked, ran.out], [0, [asked], out]);
    const refused = await runCommand(argv, { answer: { status: 409, body: { error: `no: ${hostile}` } } });
    assert.deepEqual([refused.code, refused.out], [4, '']);
    assert.match(refused.err, /no: \\x1b\[31mred/);
  });

for (const argv of [
  ['allow', '1.2.3'],
  ['allow', '192.0.2.1', '--for', 'soon'],
  ['disallow', 'x'],
])
  test(`${argv.join(' ')} asks nothing`, async () => {
    const { code, asked } = await runCommand(argv);
    assert.deepEqual([code, asked], [2, []]);
  });
