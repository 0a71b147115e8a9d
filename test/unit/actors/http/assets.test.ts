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
