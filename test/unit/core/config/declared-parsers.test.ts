import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../../../core/config/read.ts';
import { AROUND, loaded } from './surroundings.ts';

const GOOD = `watchers:
  files: [{ path: /var/log/shop.log, parser: shop }]
parsers:
  - name: shop
    programs: [shop]
    units: [shop.service]
    messages:
      - regex: 'login of (?P<user>\\S+) from (?P<source_ip>\\S+) failed'
        action: shop_login_failed
        category: authentication
        outcome: failure
  - name: shop-access
    nginx_log_format: '$remote_addr [$time_local] "$request" $status'
  - name: hosts
    apache_log_format: '%v %a %t \\"%r\\" %>s'
`;

test('declared parsers are read, defaults filled in, and watchers may name them', () => {
  const { parsers, watchers } = loaded(GOOD).config;
  assert.deepEqual(
    parsers.map(({ name }) => name),
    ['shop', 'shop-access', 'hosts'],
  );
  assert.deepEqual(parsers[0]?.messages, [
    {
      regex: 'login of (?P<user>\\S+) from (?P<source_ip>\\S+) failed',
      ignore_case: false,
      action: 'shop_login_failed',
      category: 'authentication',
      outcome: 'failure',
    },
  ]);
  assert.equal(watchers.files[0]?.parser, 'shop');
});

const one = (lines: string): string => `parsers:\n  - name: x\n${lines.replace(/^/gm, '    ')}\n`;
const message = (regex: string, before = 'programs: [x]\n'): string =>
  one(`${before}messages:\n  - regex: '${regex}'\n    action: x`);

for (const { kind, text, says } of [
  {
    kind: 'a pattern that is none',
    text: message('a(b'),
    says: /^bartizan.yaml:5:16: parsers\[0\].messages\[0\].regex: missing closing \): `a\(b`, found "a\(b"$/,
  },
  { kind: 'look-ahead', text: message('a(?=b)'), says: /regex: invalid or unsupported Perl syntax: `\(\?=`/ },
  { kind: 'a back-reference', text: message('(a)\\1'), says: /regex: invalid escape sequence: `\\1`/ },
  {
    kind: 'an automaton too large',
    text: message('((x{1,30}){1,30})$'),
    says: /makes an automaton of \d+ instructions; at most 1000 are allowed/,
  },
  {
    kind: 'no header and no time',
    text: message('from (?P<source_ip>.*)', ''),
    says: /^bartizan.yaml:4:16: parsers\[0\].messages\[0\].regex: has no group "time"/,
  },
  {
    kind: 'too many fields',
    text: message(Array.from({ length: 33 }, (_, i) => `(?P<f${i}>x)`).join('')),
    says: /has 33 groups of its own; at most 32 become fields/,
  },
  {
    kind: 'the name of a built-in parser',
    text: 'parsers: [{ name: sshd, messages: [] }]\n',
    says: /1:19: parsers\[0\].name: "sshd" is a built-in parser/,
  },
  {
    kind: 'two ways at once',
    text: one("messages: []\napache_log_format: '%h %t'"),
    says: /must have exactly one of messages, nginx_log_format, apache_log_format; it has messages and apache_log_format/,
  },
  {
    kind: 'a format without an address',
    text: one("nginx_log_format: '[$time_local]'"),
    says: /nginx_log_format: names no client address; put \$remote_addr into it/,
  },
  {
    kind: 'a format without a time',
    text: one("apache_log_format: '%a'"),
    says: /apache_log_format: names no time; put %t into it/,
  },
  {
    kind: 'a format that clients can forge',
    text: one("nginx_log_format: 'escape=none $remote_addr [$time_local]'"),
    says: /escape=none: clients could forge whole lines/,
  },
  {
    kind: 'a format with two texts side by side',
    text: one("nginx_log_format: '$remote_addr $remote_user $http_host [$time_local]'"),
    says: /has \$remote_user and \$http_host with no quote between: either may hold anything/,
  },
  {
    kind: 'a directive that is none',
    text: one("apache_log_format: '%h %t %'"),
    says: /holds no directive at character 7: "%"/,
  },
  {
    kind: 'a time format that is none',
    text: message('(?P<time>.*)', 'time_format: "%Y-%m-%d"\n'),
    says: /time_format: names no whole moment/,
  },
  {
    kind: 'a time format beside a log format',
    text: one("time_format: epoch\napache_log_format: '%h %t'"),
    says: /time_format: belongs to messages; a log format says all/,
  },
  {
    kind: 'a parser that nobody declared',
    text: 'watchers: { files: [{ path: /x, parser: shop }] }\n',
    says: /parser: must be the name of a parser: /,
  },
])
  test(`a declaration is refused, and where: ${kind}`, () => {
    const read = parseConfig(text, 'bartizan.yaml', AROUND);
    assert.ok(!read.ok);
    assert.match(read.public, says);
    assert.equal(read.problems.length, 1, read.public);
  });
