import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { httpsFetch, type OutboundRequest } from '../../actors/outbound/index.ts';
import { millis } from '../../core/base/time.ts';
import { cidrs } from '../support/cidrs.ts';
import { ListServer } from '../support/list-server.ts';

let server: ListServer;
before(async () => {
  server = await ListServer.open();
});
after(() => server.close());

const fetch = httpsFetch(async (name) => {
  if (name === 'nowhere.test') throw new Error('ENOTFOUND nowhere.test');
  if (name === 'mixed.test')
    return [
      { address: '10.0.0.1', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
  return [{ address: name === 'private.test' ? '192.168.7.7' : '127.0.0.1', family: 4 }];
});

/** What came of a request: the text, or the code and the words of the refusal. */
async function get(path: string, more: Partial<OutboundRequest> = {}): Promise<string> {
  const url = path.startsWith('/') ? server.url(path) : path;
  const pieces: Uint8Array[] = [];
  const done = await fetch(
    { url, maxBytes: 1000, allowPrivate: cidrs('127.0.0.0/8'), ca: server.authority.cert, ...more },
    (piece) => void pieces.push(piece),
  );
  if (!done.ok) return `${done.code}: ${done.public}`;
  return `${done.value.status} ${Buffer.concat(pieces).toString()}`;
}

test('an answer comes with its marks, plain or packed', async () => {
  server.text('/plain', 'one\n');
  server.text('/packed', gzipSync('two\n'), { 'content-encoding': 'gzip' });
  assert.equal(await get('/plain'), '200 one\n');
  assert.equal(await get('/packed'), '200 two\n');
});

test('what has not changed is 304', async () => {
  server.answers.set('/marked', (request, response) => {
    const isKnown = request.headers['if-none-match'] === '"v1"';
    response.writeHead(isKnown ? 304 : 200, { etag: '"v1"' }).end(isKnown ? '' : 'text');
  });
  assert.equal(await get('/marked'), '200 text');
  assert.equal(await get('/marked', { headers: { 'if-none-match': '"v1"' } }), '304 ');
});

test('redirects are followed a few times, and never to where nothing is fetched from', async () => {
  const to = (path: string, location: string) =>
    server.answers.set(path, (_, response) => void response.writeHead(302, { location }).end());
  server.text('/end', 'end');
  to('/once', '/end');
  to('/ever', '/ever');
  to('/private', server.url('/end').replace('lists.test', 'private.test'));
  to('/literal', 'https://169.254.169.254/latest/meta-data');
  to('/mapped', 'https://[::ffff:10.0.0.1]/');
  to('/plain-http', 'http://lists.test/');
  to('/nonsense', 'https://[');
  assert.equal(await get('/once'), '200 end');
  assert.match(await get('/ever'), /^refused: .*more than 5 redirects/);
  assert.match(
    await get('/private'),
    /^refused: .*192\.168\.7\.7 is private: outbound\.allow_private does not name it/,
  );
  assert.match(await get('/literal'), /^refused: .*169\.254\.169\.254 is link-local/);
  assert.match(await get('/mapped'), /^refused: .*is private/);
  assert.match(await get('/plain-http'), /^refused: .*http: is not https:/);
  assert.match(await get('/nonsense'), /^refused: .*redirects nowhere/);
});

test('of the addresses of a name only those that may be connected to are', async () => {
  server.text('/plain', 'one\n');
  const url = server.url('/plain').replace('lists.test', 'mixed.test');
  // The right server was reached, whose certificate has another name.
  assert.match(await get(url), /^unreachable: .*does not match certificate/);
  assert.match(await get('/plain', { allowPrivate: [] }), /^refused: .*127\.0\.0\.1 is loopback/);
  assert.match(await get(url.replace('mixed', 'nowhere')), /^unreachable: .*ENOTFOUND/);
});

test('certificates must be valid, and have the pinned key', async () => {
  server.text('/plain', 'one\n');
  assert.equal(await get('/plain', { pin: server.pin }), '200 one\n');
  assert.match(await get('/plain', { pin: 'ab'.repeat(32) }), /^refused: .*another one is pinned/);
  const { ca: _, ...bare } = { url: server.url('/plain'), maxBytes: 10, allowPrivate: cidrs('127.0.0.1'), ca: '' };
  const done = await fetch(bare, () => {});
  assert.match(done.ok ? '' : `${done.code} ${done.public}`, /^unreachable .*(?:self-signed|unable to|certificate)/);
});

test('too much is refused: announced, unannounced, or unpacked', async () => {
  server.text('/announced', 'x'.repeat(1001), { 'content-length': '1001' });
  server.answers.set('/endless', (_, response) => {
    response.writeHead(200);
    const write = (): void => {
      while (!response.destroyed && response.write('x'.repeat(10_000)));
    };
    response.on('drain', write);
    write();
  });
  server.text('/bomb', gzipSync('0'.repeat(1_000_000)), { 'content-encoding': 'gzip' });
  // Members of gzip that hold nothing: it never unpacks to anything.
  server.answers.set('/hollow', (_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    const write = (): void => {
      while (!response.destroyed && response.write(gzipSync('')));
    };
    response.on('drain', write);
    write();
  });
  assert.match(await get('/hollow'), /^refused: .*longer than 1000 bytes$/);
  assert.match(await get('/announced'), /^refused: .*would send 1001 bytes; at most 1000/);
  assert.match(await get('/endless'), /^refused: .*longer than 1000 bytes/);
  assert.match(await get('/bomb', { maxBytes: 2000 }), /^refused: .*longer than 2000 bytes when it is unpacked/);
});

test('servers that lie or fall silent are unreachable', async () => {
  server.answers.set('/short', (_, response) => {
    response.writeHead(200, { 'content-length': '500' });
    response.write('half', () => response.destroy());
  });
  server.answers.set('/silent', () => {});
  server.answers.set('/stalls', (_, response) => void response.writeHead(200).write('some'));
  server.answers.set(
    '/broken',
    (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip'),
  );
  server.answers.set('/odd', (_, response) => void response.writeHead(200, { 'content-encoding': 'br' }).end('x'));
  const limits = { idle: millis(200) };
  assert.match(await get('/short'), /^unreachable: /);
  assert.match(await get('/silent', { limits }), /^unreachable: .*nothing came for 0\.2 s/);
  assert.match(await get('/stalls', { limits }), /^unreachable: /);
  assert.match(await get('/stalls', { limits: { whole: millis(300) } }), /^unreachable: .*longer than 0\.3 s/);
  assert.match(await get('/broken'), /^unreachable: .*header/);
  assert.match(await get('/odd'), /^refused: .*coded as br/);
  assert.match(await get('/none'), /^unreachable: .*status 404/);
});
