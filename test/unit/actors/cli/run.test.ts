import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SearchEvent } from '../../../../actors/segments/index.ts';
import { EVENT, FINDING, runCommand } from '../../../support/cli.ts';

test('version and help go to standard output', async () => {
  assert.deepEqual((({ code, out }) => ({ code, out }))(await runCommand(['version'])), { code: 0, out: '1.2.3\n' });
  assert.match((await runCommand([])).out, /^Bartizan watches/);
  assert.match((await runCommand(['help', 'block'])).out, /^Usage: bartizan block IP/);
  assert.equal((await runCommand(['help', 'nothing'])).code, 2);
});

test('a wrong command line goes to standard error and does nothing', async () => {
  const { code, out, err, asked } = await runCommand(['blok', '192.0.2.1']);
  assert.deepEqual({ code, out, asked }, { code: 2, out: '', asked: [] });
  assert.match(err, /^bartizan: there is no command "blok"; did you mean "block"\?\n/);
});

test('serve gets its options and gives its exit code', async () => {
  const { code, served } = await runCommand(['serve', '--state', '/s', '--observe']);
  assert.deepEqual({ code, served }, { code: 75, served: [{ state: '/s', mode: 'observe' }] });
});

test('nothing runs: every command that asks exits with 3', async () => {
  for (const argv of [['status'], ['health'], ['findings'], ['block', '::2'], ['unblock', '::2'], ['check', '::2']]) {
    const { code, err } = await runCommand(argv);
    assert.deepEqual({ code, err }, { code: 3, err: 'bartizan: Bartizan is not running\n' });
  }
});

test('block asks for a canonical address with a duration, and says what was done', async () => {
  const answer = { status: 200, body: { status: 'blocked', ip: '192.0.2.1', warning: 'inside\u0007 a proxy range' } };
  const { code, out, err, asked } = await runCommand(
    ['block', '::ffff:192.0.2.1', '--reason', 'noise', '--state', '/s'],
    {
      answer,
    },
  );
  assert.deepEqual(asked, [
    {
      method: 'POST',
      path: '/api/v1/block-ip',
      body: { ip: '192.0.2.1', duration: '24h', reason: 'noise' },
      state: '/s',
    },
  ]);
  assert.equal(code, 0);
  assert.equal(out, '192.0.2.1 is blocked for 24h\n');
  assert.equal(err, 'bartizan: warning: inside\\x07 a proxy range\n');
});

for (const { argv, why } of [
  { argv: ['block', '192.0.2.256'], why: /"192\.0\.2\.256" is not an address or a network/ },
  { argv: ['block', '192.0.2.1', '--for', 'ever'], why: /--for: "ever" is not a duration/ },
  { argv: ['check', '192.0.2.0/24'], why: /is not an IPv4 or IPv6 address/ },
  { argv: ['parse', 'x', '--parser', 'ssh'], why: /there is no parser "ssh"; did you mean "sshd"\?/ },
  { argv: ['parse', 'x', '--parser', 'nginx'], why: /there is no parser "nginx"; there are sshd/ },
]) {
  test(`${argv.join(' ')} is a wrong command line`, async () => {
    const { code, err, asked } = await runCommand(argv, { answer: { status: 200, body: {} } });
    assert.deepEqual({ code, asked }, { code: 2, asked: [] });
    assert.match(err, why);
  });
}

for (const { argv, status, code } of [
  { argv: ['block', '127.0.0.1'], status: 400, code: 4 },
  { argv: ['block', '192.0.2.1'], status: 503, code: 4 },
  { argv: ['block', '192.0.2.1'], status: 500, code: 1 },
  { argv: ['unblock', '192.0.2.1'], status: 404, code: 1 },
  { argv: ['status'], status: 503, code: 1 },
]) {
  test(`${argv.join(' ')} answered with ${status} exits with ${code} and the reason`, async () => {
    const result = await runCommand(argv, { answer: { status, body: { error: 'because\u001b[1m' } } });
    assert.deepEqual([result.code, result.out, result.err], [code, '', 'bartizan: because\\x1b[1m\n']);
  });
}

test('findings as a table and as JSON lines, attacker text harmless in both', async () => {
  const body = [
    { severity: 1, check: 'ssh_bruteforce', message: 'as \u001b[31mroot\u009b', last_seen: '2026-01-02T03:04:05Z' },
  ];
  const answer = { status: 200, body };
  const { out } = await runCommand(['findings'], { answer });
  assert.equal(
    out,
    'LAST SEEN             SEVERITY  CHECK           MESSAGE\n' +
      '2026-01-02T03:04:05Z  high      ssh_bruteforce  as \\x1b[31mroot\\x9b\n',
  );
  const json = (await runCommand(['findings', '--json'], { answer })).out;
  assert.doesNotMatch(json.trimEnd(), /\p{Cc}/u);
  assert.deepEqual(JSON.parse(json), body[0]);
  assert.equal((await runCommand(['findings'], { answer: { status: 200, body: null } })).out, 'no active findings\n');
  assert.equal((await runCommand(['findings', '--json'], { answer: { status: 200, body: null } })).out, '');
});

test('status copes with a full answer, an empty one and nonsense', async () => {
  const body = {
    hostname: 'edge01',
    version: '0.1.0',
    status: 'ok',
    uptime: '1h0m0s',
    severities: { critical: 0, high: 2, warning: 0 },
    store_healthy: true,
    store_size_mb: 1.25,
    watchers: { 'file:/var/log/auth.log': true, 'file:/x': false },
    automation: {
      firewall_enabled: true,
      firewall_managed: true,
      auto_response_dry_run: true,
      firewall_blocked_ips: 3,
    },
  };
  const { out } = await runCommand(['status'], { answer: { status: 200, body } });
  assert.match(out, /^mode +dry run: only an operator's blocks reach the kernel$/m);
  assert.match(out, /^findings +0 critical, 2 high, 0 warning$/m);
  assert.match(out, /^sources +file:\/var\/log\/auth\.log\n +file:\/x \(not attached\)$/m);
  const degraded = { ...body, status: 'degraded', status_reason: 'nothing is watched' };
  const said = await runCommand(['status'], { answer: { status: 200, body: degraded } });
  assert.match(said.out, /^status +degraded \(nothing is watched\)$/m);
  for (const odd of [{}, null, [], 'x', { automation: 5, watchers: [1], severities: 'no' }]) {
    assert.equal((await runCommand(['status'], { answer: { status: 200, body: odd } })).code, 0);
  }
});

test('parse prints events as JSON lines and counts the rest', async () => {
  const { code, out, err } = await runCommand(['parse', 'auth.log', '--parser', 'sshd']);
  const lines = out.trimEnd().split('\n');
  assert.equal(code, 0);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [EVENT, EVENT],
  );
  assert.doesNotMatch(out, /\u202e/);
  assert.equal(err, '5 lines, 4 events; no event: 1 no-header\n');
});

test('replay prints findings in columns with one head', async () => {
  const { out } = await runCommand(['replay', 'auth.log', '--parser', 'sshd']);
  const row = '2026-01-02T03:04:05.000Z  high      ssh_bruteforce    192.0.2.66       5      5 failed logins as \\x…';
  assert.deepEqual(out.trimEnd().split('\n').slice(1), [row, row]);
  assert.match(out, /^TIME {22}SEVERITY {2}CHECK {13}SUBJECT {10}COUNT {2}MESSAGE\n/);
  const json = (await runCommand(['replay', 'auth.log', '--parser', 'sshd', '--json'])).out.trimEnd().split('\n');
  assert.deepEqual(
    json.map((line) => JSON.parse(line)),
    [FINDING, FINDING],
  );
});

test('a log that cannot be opened exits with 1', async () => {
  const { code, err } = await runCommand(['parse', '/none', '--parser', 'sshd']);
  assert.deepEqual({ code, err }, { code: 1, err: 'bartizan: /none cannot be read: ENOENT\n' });
});

test('a reader that went away ends the command well', async () => {
  const { code, err } = await runCommand(['parse', 'auth.log', '--parser', 'sshd'], { stdoutClosed: true });
  assert.deepEqual({ code, err }, { code: 0, err: '' });
});

test('config-check prints every problem, bare, and exits with 5', async () => {
  const { code, out, err } = await runCommand(['config-check'], { config: 'log: { level: x }\nfoo: 1\n' });
  assert.deepEqual({ code, out }, { code: 5, out: '' });
  assert.match(err, /^b\.yaml:1:15: log\.level: .*\nb\.yaml:2:1: foo: unknown key.*\n$/);
});

test('config-check says what a good config means', async () => {
  const config = 'firewall: { enabled: true, netns: edge }\nwatchers: { files: [{ path: /a, parser: sshd }] }\n';
  const { code, out, err } = await runCommand(['config-check', 'b.yaml'], { config });
  assert.equal(code, 0);
  assert.match(out, /^b\.yaml: ok\nmode +enforce\n/);
  assert.match(out, /^table +inet bartizan in edge$/m);
  assert.match(out, /^sources +\/a \(sshd\)$/m);
  assert.equal(err, 'note: no source\n');
});

const PROGRESS = { blocks: 9, done: 9, read: 2, rows: 80, matched: 1 };
const END: SearchEvent = { kind: 'end', complete: true, progress: PROGRESS };
const FOUND: SearchEvent = { kind: 'rows', rows: [{ id: '1.5', line: EVENT }] };

test('search prints what is found, safely, and how much was searched', async () => {
  const { code, out, err, searched } = await runCommand(['search', 'user = root | limit 5'], { events: [FOUND, END] });
  assert.equal(code, 0);
  assert.match(out, /^TIME +HOST +PROGRAM +IP +MESSAGE\n1970-01-01T00:00:00\.000Z +- +- +- +Failed\n$/);
  assert.equal(err, '1 shown, 1 matched of 80 events in 2 of 9 blocks\n');
  assert.deepEqual(searched, [{ where: { op: 'eq', field: 'user', value: 'root' }, order: 'newest', limit: 5 }]);
  const chosen = await runCommand(['search', '| fields at, user'], {
    events: [FOUND, { ...END, next: 'a.b.c' } as SearchEvent],
  });
  assert.match(chosen.out, /^AT +USER\n1970-01-01T00:00:00\.000Z +x\\u202ey\n$/);
  assert.match(chosen.err, /; more: \| after a\.b\.c\n$/);
  const json = await runCommand(['search', '--json'], { events: [FOUND, END] });
  assert.deepEqual(JSON.parse(json.out), { id: '1.5', ...EVENT, at: '1970-01-01T00:00:00.000Z' });
});

test('search counts, as a table or as JSON', async () => {
  const counted = { rows: [{ at: 0, values: ['root', undefined], count: 3 }], total: 4, ungrouped: 1 };
  const events: SearchEvent[] = [{ kind: 'end', complete: false, counted, progress: PROGRESS }];
  const { out, err } = await runCommand(['search', '| count by user, ip per 1h'], { events });
  assert.match(out, /^FROM +USER +IP +COUNT\n1970-01-01T00:00:00\.000Z +root +- +3\n$/);
  assert.match(err, /1 more events are of groups.*\n.*not everything was searched in time\n$/s);
  const json = await runCommand(['search', '| count by user, ip per 1h', '--json'], { events });
  assert.deepEqual(JSON.parse(json.out), { from: '1970-01-01T00:00:00.000Z', user: 'root', count: 3 });
});

test('search says what is wrong: with the query and where, with the place, with what is stored', async () => {
  const wrong = await runCommand(['search', 'user = root and usr = x']);
  assert.equal(wrong.code, 2);
  assert.equal(
    wrong.err,
    'bartizan: events have no field "usr"; did you mean user? (at character 17)\n  user = root and usr = x\n                  ^\n',
  );
  assert.deepEqual(await runCommand(['search', '--state', '/s']).then(({ code, err }) => ({ code, err })), {
    code: 1,
    err: 'bartizan: nothing in /s\n',
  });
  const refused = await runCommand(['search', 'user matches "("'], {
    events: [{ kind: 'refused', why: 'a group is open' }],
  });
  assert.deepEqual([refused.code, refused.err], [2, 'bartizan: a group is open\n']);
  const part = { file: '0000000001.events', at: 32, why: 'the rows are not what was written', rows: 7 };
  const damaged = await runCommand(['search'], { events: [{ kind: 'damage', part }, END] });
  assert.match(
    damaged.err,
    /0000000001\.events cannot be read at byte 32: the rows are not what was written, 7 events/,
  );
});
