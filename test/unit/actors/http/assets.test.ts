import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consoleAssets } from '../../../../actors/http/assets.ts';
import type { HttpRequest } from '../../../../core/api/http.ts';

const file = (path: string, text: string) => ({ path, bytes: new TextEncoder().encode(text) });
const assets = consoleAssets([file('index.html', '<p>'), file('app/main.js', 'x'), file('odd.xyz', '?')]);

const ask = (path: string, headers: Record<string, string> = {}, method = 'GET', from = assets) =>
  from({ method, header: (name: string) => headers[name] } as HttpRequest, path);

for (const [path, type] of [
  ['/', 'text/html; charset=utf-8'],
  ['/index.html', 'text/html; charset=utf-8'],
  ['/app/main.js', 'text/javascript; charset=utf-8'],
  ['/odd.xyz', 'application/octet-stream'],
] as const)
  test(`${path} is ${type}, under a strict content policy`, () => {
    const reply = ask(path);
    assert.deepEqual([reply?.status, reply?.headers['content-type']], [200, type]);
    assert.match(reply?.headers['content-security-policy'] ?? '', /^default-src 'self'; .*frame-ancestors 'none'$/);
    assert.equal(reply?.headers['cache-control'], 'no-cache');
  });

for (const path of ['/none', '/app', '/app/', '/../index.html', '/app/../index.html', '//', '/__proto__', ''])
  test(`${JSON.stringify(path)} is no asset`, () => assert.equal(ask(path), undefined));

test('what the client has already is not sent again', () => {
  const etag = ask('/')?.headers['etag'] ?? '';
  for (const header of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const reply = ask('/', { 'if-none-match': header });
    assert.deepEqual([reply?.status, reply?.body, reply?.headers['etag']], [304, '', etag]);
  }
  assert.equal(ask('/', { 'if-none-match': '"other"' })?.status, 200);
});

test('assets are read, not written', () => {
  const reply = ask('/', {}, 'POST');
  assert.deepEqual([reply?.status, reply?.headers['allow']], [405, 'GET, HEAD']);
});

test('without a console / says that there is only the API', () => {
  const reply = ask('/', {}, 'GET', consoleAssets([]));
  assert.match(new TextDecoder().decode(reply?.body as Uint8Array), /without its web console/);
});

const signedIn = consoleAssets(
  [file('index.html', '<head><meta charset="utf-8"><title>'), file('main.js', 'x')],
  (request) => request.header('cookie'),
);

test('whoever is signed in gets the index with the CSRF token in it, kept by no cache', () => {
  const cookie = { cookie: '"><script>0af' };
  for (const path of ['/', '/index.html']) {
    const plain = ask(path, {}, 'GET', signedIn);
    assert.equal(plain?.headers['vary'], 'cookie');
    const etag = plain?.headers['etag'] ?? '';
    for (const headers of [cookie, { ...cookie, 'if-none-match': etag }]) {
      const reply = ask(path, headers, 'GET', signedIn);
      assert.deepEqual(
        [reply?.status, reply?.headers['cache-control'], reply?.headers['etag'], reply?.headers['content-type']],
        [200, 'no-store', undefined, 'text/html; charset=utf-8'],
      );
      assert.equal(
        reply?.body,
        '<head><meta charset="utf-8"><meta name="csrf-token" content="&#34;&#62;&#60;script&#62;0af"><title>',
      );
    }
    assert.equal(ask(path, { 'if-none-match': etag }, 'GET', signedIn)?.status, 304);
  }
  assert.equal(ask('/main.js', cookie, 'GET', signedIn)?.headers['cache-control'], 'no-cache');
});
