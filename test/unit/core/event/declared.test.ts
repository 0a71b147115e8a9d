import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../../../core/base/time.ts';
import { declarationProblems, type ParserDeclaration } from '../../../../core/event/declared/declaration.ts';
import { LONGEST_MATCHED } from '../../../../core/event/declared/declared-parser.ts';
import { type Event, isEvent, type RawLine, type Unparsed } from '../../../../core/event/event.ts';
import { createParsers } from '../../../../core/event/parsers.ts';
import { UTC } from '../../../../core/event/syslog-time.ts';
import { summaryOf } from '../../../support/event-summary.ts';

const NOW = millis(Date.UTC(2026, 10, 22, 12));

function parse(
  declaration: Omit<ParserDeclaration, 'name'>,
  text: string,
  more: Partial<RawLine> = {},
): Event | Unparsed {
  const declared = { name: 'x', ...declaration };
  assert.deepEqual(declarationProblems(declared), []);
  const parser = createParsers({ zone: UTC, declared: [declared] }).get('x') ?? assert.fail();
  return parser({ text, position: { source: 'f', offset: 0 }, receivedAt: NOW, provenance: 'file', ...more });
}

const FAILED = { action: 'shop_failed', category: 'authentication', outcome: 'failure' } as const;

test('a message behind a syslog header', () => {
  const declaration = {
    programs: ['shop'],
    messages: [
      {
        ...FAILED,
        regex: '^login of (?P<user>\\S*) from (?P<source_ip>\\S+):(?P<source_port>\\d+) failed(?P<tries>.*)$',
      },
    ],
  };
  const event = parse(declaration, 'Nov 22 01:02:03 edge shop[7]: login of bob from [2001:DB8::1]:42 failed twice');
  assert.ok(isEvent(event));
  assert.equal(summaryOf(event), 'shop_failed user=bob from=2001:db8::1 port=42 fields.tries=" twice"');
  assert.deepEqual(
    [event.at, event.program, event.pid, event.host, event.category, event.outcome],
    [Date.UTC(2026, 10, 22, 1, 2, 3), 'shop', 7, 'edge', 'authentication', 'failure'],
  );
  assert.deepEqual(parse(declaration, 'Nov 22 01:02:03 edge shop[7]: hello'), { unparsed: 'unknown-message' });
  assert.deepEqual(parse(declaration, 'Nov 22 01:02:03 edge other[7]: x'), { unparsed: 'other-program' });
  assert.deepEqual(parse(declaration, 'login of bob'), { unparsed: 'no-header' });
});

test('a line without a header, its time in a format of its own', () => {
  const declaration = {
    time_format: '%d.%m.%Y %T',
    messages: [
      {
        ...FAILED,
        regex:
          '^(?P<time>\\S+ \\S+) (?P<program>\\w+)\\[(?P<pid>\\d+)\\] (?P<http_method>[A-Z]+) (?P<http_path>\\S+) (?P<http_status>\\d+)',
      },
    ],
  };
  const event = parse(declaration, '22.11.2026 01:02:03 shop[7] GET /a?b 404');
  assert.ok(isEvent(event));
  assert.equal(summaryOf(event), 'shop_failed http.method=GET http.path=/a?b http.status=404');
  assert.deepEqual([event.at, event.program, event.pid], [Date.UTC(2026, 10, 22, 1, 2, 3), 'shop', 7]);
  assert.deepEqual(parse(declaration, '22.13.2026 01:02:03 shop[7] GET /a?b 404'), { unparsed: 'bad-time' });
  assert.deepEqual(parse(declaration, '22.11.2026 01:02:03 shop: GET'), { unparsed: 'unknown-message' });
  assert.deepEqual(parse(declaration, ' '), { unparsed: 'empty' });
});

test('the first pattern that matches counts, and an address that is none stays out', () => {
  const messages = [
    { ...FAILED, regex: 'from (?P<source_ip>\\S+) on (?P<source_port>\\S+) by (?P<user>\\S*)', action: 'one' },
    { ...FAILED, regex: 'from', action: 'two' },
  ];
  const read = (text: string): string =>
    summaryOf(parse({ programs: ['*'], messages }, `Nov 22 01:02:03 edge any: ${text}`));
  assert.equal(read('from 203.0.113.7 on 70000 by '), 'one from=203.0.113.7');
  assert.equal(read('from evil.example on 7 by x'), 'one user=x port=7');
  assert.equal(read('from'), 'two');
});

test('from the journal only the units and executables that were named are believed', () => {
  const messages = [{ ...FAILED, regex: '.' }];
  const from = (declaration: Omit<ParserDeclaration, 'name' | 'messages'>, unit: string, exe: string): string => {
    const parsed = parse({ ...declaration, messages, programs: ['shop'] }, 'x', {
      header: { at: NOW, program: 'shop' },
      sender: { uid: 1000, unit, exe },
      provenance: 'journal',
    });
    return isEvent(parsed) ? parsed.provenance : parsed.unparsed;
  };
  assert.equal(from({}, 'shop.service', '/opt/shop'), 'spoofable');
  assert.equal(from({ units: ['shop.service'] }, 'shop.service', '/opt/shop'), 'journal');
  assert.equal(from({ units: ['shop@*.service'] }, 'shop@a.service', '/opt/shop'), 'journal');
  assert.equal(from({ units: ['shop.service'] }, 'session-3.scope', '/opt/shop'), 'spoofable');
  assert.equal(
    from({ units: ['shop.service'], executables: ['/opt/shop'] }, 'shop.service', '/usr/bin/logger'),
    'spoofable',
  );
});

test('a line longer than patterns are tried on is counted as such', () => {
  const messages = [{ ...FAILED, regex: '.' }];
  assert.deepEqual(parse({ programs: ['*'], messages }, 'x'.repeat(LONGEST_MATCHED + 1)), { unparsed: 'too-long' });
});

for (const [format, line, said] of [
  [
    { nginx_log_format: '$remote_addr|$time_iso8601|$request|$status' },
    '203.0.113.7|2026-11-22T01:02:03+00:00|GET /a|b HTTP/1.1|404',
    'http_not_found from=203.0.113.7 http.status=404 http.method=GET http.path=/a|b',
  ],
  [
    { nginx_log_format: 'escape=json {"t":$msec,"ip":"$remote_addr","u":"$remote_user","s":$status,"r":"$request"}' },
    '{"t":1795309323.123,"ip":"203.0.113.7","u":"a\\"b\\u0007","s":401,"r":"GET / HTTP/1.1"}',
    'http_unauthorized user="a\\"b\\u0007" from=203.0.113.7 http.status=401 http.method=GET http.path=/',
  ],
  [
    {
      nginx_log_format:
        '$remote_addr [$time_local] "$request" $status $upstream_addr $upstream_response_time $request_time "$http_x_forwarded_for"',
    },
    '203.0.113.7 [22/Nov/2026:01:02:03 +0000] "GET / HTTP/1.1" 200 10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80 0.1, 0.2 : 0.3 0.6 "192.0.2.9"',
    'http_request from=203.0.113.7 http.method=GET http.path=/ http.status=200 fields.upstream_addr="10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80" fields.upstream_response_time="0.1, 0.2 : 0.3" fields.request_time=0.6 fields.http_x_forwarded_for=192.0.2.9',
  ],
  [
    {
      nginx_log_format:
        '[$time_local] $remote_addr:$remote_port $server_name:$server_port "$request_method" "$uri" "$args" $status',
    },
    '[22/Nov/2026:01:02:03 +0000] 2001:db8::7:4242 shop.example:443 "POST" "/login" "-" 200',
    'http_request from=2001:db8::7 port=4242 to-port=443 http.host=shop.example http.method=POST http.path=/login http.status=200',
  ],
  [
    { apache_log_format: '%a %{c}a %l %u %{%Y-%m-%d %H:%M:%S}t.%{msec_frac}t \\"%m %U%q\\" %>s %b %D' },
    undefined,
    undefined,
  ],
  [
    { apache_log_format: '%{remote}p %a %u %{%Y-%m-%d %H:%M:%S}t \\"%m\\" \\"%U\\" \\"%q\\" %>s %b %400,501{X-Id}i' },
    '4242 203.0.113.7 evil 2026-11-22 00:00:00 x 2026-11-22 01:02:03 "GET" "/a" "?b=c" 200 - 7',
    'http_request user="evil 2026-11-22 00:00:00 x" from=203.0.113.7 port=4242 http.method=GET http.path=/a http.query=b=c http.status=200 fields.X-Id=7',
  ],
] as const)
  test(`${Object.values(format)[0]} ${line === undefined ? 'is refused' : 'reads a line'}`, () => {
    if (line === undefined) {
      assert.notDeepEqual(declarationProblems({ name: 'x', ...format }), []);
      return;
    }
    const event = parse(format, line);
    assert.equal(summaryOf(event), said);
    assert.ok(isEvent(event) && Math.floor(event.at / 1000) === Date.UTC(2026, 10, 22, 1, 2, 3) / 1000);
  });

test('a line that has not the whole format is none', () => {
  const format = { nginx_log_format: '$remote_addr [$time_local] "$request" $status' };
  const line = '203.0.113.7 [22/Nov/2026:01:02:03 +0000] "GET / HTTP/1.1" 200';
  assert.ok(isEvent(parse(format, line)));
  for (const other of [
    `${line} x`,
    `x ${line}`,
    line.slice(0, -4),
    line.replace('"', ''),
    line.replace('Nov', 'Now'),
  ]) {
    assert.deepEqual(parse(format, other), { unparsed: 'unknown-message' }, other);
  }
  assert.deepEqual(parse(format, line.replace('22/Nov', '31/Nov')), { unparsed: 'bad-time' });
});

test('the parser of many programs leaves to declared ones what it cannot read itself, the journal too', () => {
  const declared: readonly ParserDeclaration[] = [
    { name: 'files-only', messages: [{ ...FAILED, regex: '(?P<time>.*)' }] },
    {
      name: 'shop',
      programs: ['shop'],
      units: ['shop.service'],
      messages: [{ ...FAILED, regex: 'from (?P<source_ip>\\S+)' }],
    },
    { name: 'front', units: ['front@*.service'], nginx_log_format: '$remote_addr [$time_local] "$request" $status' },
    {
      name: 'more-ssh',
      programs: ['sshd'],
      messages: [{ ...FAILED, action: 'ssh_odd', regex: '^odd (?P<user>\\S+)' }],
    },
  ];
  const parser = createParsers({ zone: UTC, declared }).get('syslog') ?? assert.fail();
  const read = (text: string, more: Partial<RawLine> = {}): string => {
    const event = parser({ text, position: { source: 'f', offset: 0 }, receivedAt: NOW, provenance: 'file', ...more });
    return isEvent(event) ? `${event.provenance} ${summaryOf(event)}` : event.unparsed;
  };
  const said = (program: string, unit: string, text: string): string =>
    read(text, { provenance: 'journal', header: { at: NOW, program }, sender: { unit, uid: 1000, exe: '/opt/x' } });
  assert.equal(read('Nov 22 01:02:03 edge shop[7]: from 192.0.2.7'), 'file shop_failed from=192.0.2.7');
  assert.equal(read('Nov 22 01:02:03 edge sshd[7]: odd bob'), 'file ssh_odd user=bob');
  assert.equal(read('Nov 22 01:02:03 edge shop[7]: to 192.0.2.7'), 'other-program');
  assert.equal(read('Nov 22 01:02:03 edge sshd[7]: even bob'), 'unknown-message');
  assert.equal(read('no header'), 'no-header');
  assert.equal(said('shop', 'shop.service', 'from 192.0.2.7'), 'journal shop_failed from=192.0.2.7');
  assert.equal(said('shop', 'evil.service', 'from 192.0.2.7'), 'spoofable shop_failed from=192.0.2.7');
  const request = '192.0.2.8 [22/Nov/2026:01:02:03 +0000] "GET /x HTTP/1.1" 404';
  assert.match(said('front', 'front@1.service', request), /^journal http_\S* .*from=192\.0\.2\.8/);
  assert.equal(said('front', 'back.service', request), 'other-program');
  assert.equal(said('sshd', 'ssh.service', 'odd bob'), 'unknown-message', 'names no unit');
});
