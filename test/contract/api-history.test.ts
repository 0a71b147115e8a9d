import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis, plus } from '../../core/base/time.ts';
import { mentions } from '../../core/query/finding-history.ts';
import { FINDING, START } from '../support/api/fake-appliance.ts';
import { AUDITED } from '../support/api/fake-desks.ts';
import { ApiHarness, bearer } from '../support/api/harness.ts';

const headers = bearer('admin-token');
const DAY = 86_400_000;
const CRITICAL = { op: 'eq', field: 'severity', value: 'critical' } as const;

async function asked(query: string) {
  const api = new ApiHarness();
  const answer = await api.ask({ target: `/api/v1/history${query}`, headers });
  return { answer, asked: api.desks.historyAsked[0] };
}

for (const [query, filter, limit, offset] of [
  ['', {}, 50, 0],
  ['?limit=20&offset=40', {}, 20, 40],
  ['?limit=0', {}, 50, 0],
  ['?limit=-5&offset=-1', {}, 50, 0],
  ['?limit=abc&offset=1.5', {}, 50, 0],
  ['?limit=99999', {}, 5000, 0],
  ['?from=2026-01-01&to=2026-01-02', { from: START, to: START + 2 * DAY }, 50, 0],
  ['?from=2026-01-01T00:00:01Z', { from: START + 1000 }, 50, 0],
  ['?to=2026-01-01T02:00:00%2B01:00', { to: START + 3_600_001 }, 50, 0],
  ['?severity=2', { where: CRITICAL }, 50, 0],
  ['?search=ROOT', { where: mentions('ROOT') }, 50, 0],
  ['?checks=a,%20b', { where: { op: 'in', field: 'check', values: ['a', 'b'], cased: true } }, 50, 0],
  ['?query=count%20%3E%205', { where: { op: 'gt', field: 'count', value: 5 } }, 50, 0],
  ['?query=%20', {}, 50, 0],
  ['?severity=2&search=a', { where: { op: 'and', of: [CRITICAL, mentions('a')] } }, 50, 0],
  ['?suppressed=only', { suppressed: 'only' }, 50, 0],
  ['?from=&to=&severity=&search=&checks=&suppressed=', {}, 50, 0],
] as const)
  test(`history${query} asks for ${JSON.stringify(filter)}, ${limit} from ${offset}`, async () => {
    const { asked: given, answer } = await asked(query);
    assert.deepEqual(given, { filter, limit, offset });
    const body = answer.json() as Record<string, unknown>;
    assert.deepEqual(
      [body['limit'], body['offset'], 'truncated' in body],
      [limit, offset, Object.keys(filter).length > 0],
    );
  });

for (const [query, error] of [
  ['?from=yesterday', 'from must be a date, YYYY-MM-DD in UTC, or RFC 3339'],
  ['?to=2026-02-31T00:00', 'to must be a date, YYYY-MM-DD in UTC, or RFC 3339'],
  ['?from=2026-13-01', 'from must be a date, YYYY-MM-DD in UTC, or RFC 3339'],
  ['?severity=3', 'severity must be 0, 1 or 2'],
  ['?severity=high', 'severity must be 0, 1 or 2'],
  ['?suppressed=no', 'suppressed must be include or only'],
  ['?query=cuont%20%3E%205', 'query: findings have no field "cuont"; did you mean count? (at character 1)'],
  ['?query=ip%20exists%20%7C%20limit%205', 'query: clauses behind | are not taken here (at character 11)'],
  ['?query=message%20matches%20a', 'query: regular expressions are not available here'],
] as const)
  test(`history${query} is refused`, async () => {
    const { answer, asked: given } = await asked(query);
    assert.deepEqual([answer.status, answer.json(), given], [400, { error }, undefined]);
  });

test('a row tells the finding, its number, and what hides it', async () => {
  const api = new ApiHarness();
  api.desks.rows = [
    { finding: FINDING, serial: 7 },
    { finding: { ...FINDING, subject: { kind: 'host', value: 'edge' } }, serial: 6, suppressedBy: 'ab' },
  ];
  const answer = await api.ask({ target: '/api/v1/history?suppressed=include', headers });
  const { findings, total } = answer.json() as { findings: Record<string, unknown>[]; total: number };
  assert.equal(total, 2);
  assert.deepEqual(
    findings.map(({ serial, ip, source_ip, suppressed_by, severity }) => [
      serial,
      ip,
      source_ip,
      suppressed_by,
      severity,
    ]),
    [
      [7, '192.0.2.9', '192.0.2.9', undefined, 2],
      [6, undefined, undefined, 'ab', 2],
    ],
  );
});

test('CSV: a file to keep, formulas made harmless, 5,000 rows at most', async () => {
  const api = new ApiHarness();
  api.desks.rows = Array.from({ length: 6000 }, (_, i) => ({
    serial: 6000 - i,
    finding: { ...FINDING, message: i === 0 ? '=HYPERLINK("http://x")' : 'plain', details: 'a,b\n"c"' },
  }));
  const answer = await api.ask({ target: '/api/v1/history/csv', headers });
  assert.equal(answer.headers['content-type'], 'text/csv; charset=utf-8; header=present');
  assert.equal(answer.headers['content-disposition'], 'attachment; filename="csm-history.csv"');
  assert.ok(
    answer.text.startsWith(
      'Timestamp,Severity,Check,Message,Details\r\n' +
        '2026-01-01T00:00:00.000Z,CRITICAL,ssh_bruteforce,"\'=HYPERLINK(""http://x"")","a,b\n""c"""\r\n',
    ),
  );
  assert.equal(answer.text.split('\r\n').length, 1 + 5000 + 1);
});

test('CSV takes the filters of the history; HEAD begins nothing', async () => {
  const api = new ApiHarness();
  const filtered = await api.ask({ target: '/api/v1/history/csv?severity=0', headers });
  assert.equal(filtered.text, 'Timestamp,Severity,Check,Message,Details\r\n');
  const odd = await api.ask({ target: '/api/v1/history/csv?severity=9', headers });
  assert.equal(odd.status, 400);
  const head = await api.ask({ method: 'HEAD', target: '/api/v1/history/csv', headers });
  assert.deepEqual([head.status, head.text, api.desks.walks], [200, '', 1]);
});

test('detail: first and last sight, related findings, and what was done about the check', async () => {
  const api = new ApiHarness();
  const later = { ...FINDING, at: plus(START, millis(1000)) };
  const other = { ...FINDING, message: 'other', firstAt: START };
  const sameSource = { ...FINDING, check: 'port_scan', message: 'scan' };
  const stranger = { ...sameSource, subject: { kind: 'ip' as const, value: '192.0.2.77' } };
  api.desks.rows = [later, stranger, sameSource, other, FINDING].map((finding, i) => ({ finding, serial: 9 - i }));
  api.desks.trail = [{ ...AUDITED, target: 'other', details: {} }, AUDITED];
  const message = encodeURIComponent(FINDING.message);
  const answer = await api.ask({ target: `/api/v1/finding-detail?check=ssh_bruteforce&message=${message}`, headers });
  const detail = answer.json() as Record<string, Record<string, unknown>[]>;
  assert.deepEqual(
    [detail['first_seen'], detail['last_seen']],
    ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.000Z'],
  );
  assert.deepEqual(
    detail['related']?.map(({ message: said }) => said),
    ['scan', 'other'],
  );
  assert.deepEqual(
    detail['actions']?.map(({ action, details, serial }) => [action, details, serial]),
    [['dismiss', 'why=seen', 1]],
  );
});

test('detail of a check alone, of nothing known, and of no check', async () => {
  const api = new ApiHarness();
  const of = async (query: string) => (await api.ask({ target: `/api/v1/finding-detail${query}`, headers })).json();
  const whole = (await of('?check=ssh_bruteforce')) as Record<string, unknown[]>;
  assert.equal(whole['related']?.length, 1);
  assert.deepEqual(await of('?check=unknown&message=x'), {
    check: 'unknown',
    message: 'x',
    first_seen: '',
    last_seen: '',
    related: [],
    actions: [],
  });
  assert.deepEqual(await of(''), { error: 'check is required' });
});

test('statistics of the day, of hours and of days', async () => {
  const api = new ApiHarness();
  const get = async (path: string) => (await api.ask({ target: `/api/v1/stats${path}`, headers })).json();
  assert.deepEqual(await get(''), {
    last_24h: { critical: 1, high: 0, warning: 0, total: 1 },
    by_check: { ssh_bruteforce: 1 },
    last_critical_ago: '0s ago',
    last_critical_iso: '2026-01-01T00:00:00.000Z',
    accounts_at_risk: [],
    auto_response: { blocked: 3, quarantined: 0, killed: 0 },
    top_accounts: [],
    brute_force: {
      total_attacks: 1,
      unique_ips: 1,
      wp_login_count: 0,
      xmlrpc_count: 0,
      top_ips: [{ ip: '192.0.2.9', count: 1 }],
    },
  });
  const hours = (await get('/timeline')) as Record<string, unknown>[];
  assert.deepEqual([hours.length, hours[0]?.['hour'], hours[23]?.['hour']], [24, '01:00', '00:00']);
  const days = (await get('/trend')) as Record<string, unknown>[];
  assert.deepEqual(
    [days.length, days[0]?.['date'], days[29]],
    [30, '2025-12-03', { date: '2026-01-01', critical: 1, high: 0, warning: 0, total: 1 }],
  );
  for (const [query, length] of [
    ['?days=7', 7],
    ['?days=0', 1],
    ['?days=9999', 365],
    ['?days=x', 30],
  ] as const)
    assert.equal(((await get(`/trend${query}`)) as unknown[]).length, length, query);
});

test('nothing critical yet is said as CSM says it', async () => {
  const api = new ApiHarness();
  Object.assign(api.desks.stats, { lastCritical: () => undefined });
  const numbers = (await api.ask({ target: '/api/v1/stats', headers })).json() as Record<string, unknown>;
  assert.deepEqual([numbers['last_critical_ago'], numbers['last_critical_iso']], ['None', '']);
});

test('the audit log in CSM’s shape, with what proves it', async () => {
  const api = new ApiHarness();
  api.desks.trail = [{ ...AUDITED, peer: 'local', details: { a: 1, b: true } }];
  assert.deepEqual((await api.ask({ target: '/api/v1/audit', headers })).json(), [
    {
      timestamp: '2026-01-01T00:00:00.000Z',
      action: 'dismiss',
      target: AUDITED.target,
      details: 'a=1, b=true',
      serial: 1,
      actor: 'operator',
      actor_kind: 'token',
      status: 200,
      request_id: AUDITED.requestId,
      prev: AUDITED.prev,
      hash: AUDITED.hash,
    },
  ]);
});

test('an order of a controller stands in the audit log by the name of its key, with the broker and no address', async () => {
  const api = new ApiHarness();
  const broker = 'mqtts://broker.example:8883';
  api.desks.trail = [{ ...AUDITED, peer: broker, actor: 'ops', principalKind: 'controller' }];
  const [entry] = (await api.ask({ target: '/api/v1/audit', headers })).json() as Record<string, unknown>[];
  assert.deepEqual(
    [entry?.['actor'], entry?.['actor_kind'], entry?.['broker'], entry?.['source_ip']],
    ['ops', 'controller', broker, undefined],
  );
});
