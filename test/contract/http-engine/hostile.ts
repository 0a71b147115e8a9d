import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRequest } from '../../../core/api/http.ts';
import { millis } from '../../../core/base/time.ts';
import { tcpClient } from '../../support/raw-client.ts';
import { get, type MakeEngine, openBench, post, promised, refused, say } from './bench.ts';

/** Clients that mean no good, or have a bad line. */
export function hostileCases(name: string, make: MakeEngine): void {
  for (const [what, text, status] of [
    ['no request at all', 'hello\r\n\r\n', 400],
    ['half a request line', 'GET /a\r\nHost: x\r\n\r\n', 505],
    ['bytes of another protocol', '\x16\x03\x01\x02\x00\x01\x00\x01', 400],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['HTTP/2 written out', 'GET / HTTP/2.0\r\nHost: x\r\n\r\n', 505],
    ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: x\r\n\r\n', 400],
    ['HTTP/0.9', 'GET /\r\n\r\n', 505],
    ['a version in small letters', 'GET / http/1.1\r\nHost: x\r\n\r\n', 400],
    ['an unknown method', 'FROB / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a method in small letters', 'get / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a tunnel', 'CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['lines that end with LF alone', 'GET / HTTP/1.1\nHost: x\n\n', 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two Hosts', get('/', 'Host: y\r\n'), 400],
    ['the same Host twice', get('/', 'Host: x\r\n'), 400],
    ['a blank in a header name', get('/', 'X-A : 1\r\n'), 400],
    ['a blank before a header name', get('/', ' X-A: 1\r\n'), 400],
    ['a bracket in a header name', get('/', 'X(A): 1\r\n'), 400],
    ['a header without a colon', get('/', 'X-A\r\n'), 400],
    ['a NUL in a header', get('/', 'X-A: a\0b\r\n'), 400],
    ['a control character in a header', get('/', 'X-A: a\x01b\r\n'), 400],
    ['a CR alone in a header', get('/', 'X-A: a\rb\r\n'), 400],
    ['a folded header', get('/', 'X-A: 1\r\n 2\r\n'), 400],
    ['headers beyond the cap', get('/', `X-A: ${'a'.repeat(70_000)}\r\n`), 431],
    ['a target beyond the cap', get(`/${'a'.repeat(70_000)}`), 431],
    ['ten thousand headers', get('/', Array.from({ length: 10_000 }, (_, i) => `X-${i}: 1\r\n`).join('')), 431],
    ['an expectation that is none', post(1, 'Expect: 200-ok\r\n'), 417],
  ] as const)
    test(`${name}: ${what} is refused and the connection ends`, async (t) => {
      const bench = await openBench(t, make, { limits: { headerRead: millis(300) } });
      const client = await bench.connect();
      client.send(text);
      await refused(client, bench.capabilities, status);
      assert.deepEqual(bench.served, []);
    });

  test(`${name}: 100 MB announced are refused before a byte of them is sent`, async (t) => {
    const client = await (await openBench(t, make)).connect();
    client.send(post(100_000_000));
    const { status, headers } = await client.response();
    assert.deepEqual([status, headers['connection']], [413, 'close']);
    await client.untilClosed();
  });

  test(`${name}: a body without end is cut off soon after the limit, the reply arrives all the same`, async (t) => {
    const client = await (await openBench(t, make)).connect();
    client.send(post('chunked'));
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    let sent = 0;
    const pump = () => {
      for (; !client.closed && sent < 4096; sent++)
        if (!client.socket.write(chunk)) return void client.socket.once('drain', pump);
    };
    pump();
    assert.equal((await client.response()).status, 413);
    await client.untilClosed();
    assert.ok(sent < 4096, 'the client was stopped before 64 MB');
  });

  test(`${name}: a body nobody wants does not hold the next request up, or closes the connection`, async (t) => {
    const bench = await openBench(t, make, { serve: async ({ target }) => say(target, 401) });
    const small = await bench.connect();
    small.send(`${post(10)}0123456789${get('/next')}`);
    assert.equal((await small.response()).body, '/p');
    assert.equal((await small.response()).body, '/next');
    const large = await bench.connect();
    large.send(post(100_000_000));
    assert.equal((await large.response()).headers['connection'], 'close');
    await large.untilClosed();
  });

  test(`${name}: a body is asked for when it is wanted, and refused in good time when not`, async (t) => {
    const bench = await openBench(t, make);
    const wanted = await bench.connect();
    wanted.send(post(3, 'Expect: 100-continue\r\n'));
    assert.equal((await wanted.response()).status, 100);
    wanted.send('abc');
    assert.equal((await wanted.response()).body, 'POST 3 abc');
    const unwanted = await bench.connect();
    unwanted.send(post(70_000, 'Expect: 100-continue\r\n'));
    if (!bench.capabilities.expectContinue) assert.equal((await unwanted.response()).status, 100);
    assert.equal((await unwanted.response()).status, 413);
    if (bench.capabilities.expectContinue) await unwanted.untilClosed();
  });

  test(`${name}: a client that goes mid-body is noticed`, async (t) => {
    const outcome = promised<string>();
    const begun = promised<void>();
    const serve = async (request: HttpRequest) => {
      begun.keep();
      const body = await request.body(1000);
      outcome.keep(`${body.ok ? 'read' : body.code}, signal ${request.signal.aborted}`);
      return say('');
    };
    const client = await (await openBench(t, make, { serve })).connect();
    client.send(`${post(100)}half`);
    await begun.promise;
    client.destroy();
    assert.match(await outcome.promise, /^aborted/);
  });

  test(`${name}: a client that goes while its request is served is noticed`, async (t) => {
    const gone = promised<void>();
    const begun = promised<void>();
    const serve = async ({ signal }: HttpRequest) => {
      signal.addEventListener('abort', () => gone.keep());
      begun.keep();
      await gone.promise;
      return say('');
    };
    const client = await (await openBench(t, make, { serve })).connect();
    client.send(get('/'));
    await begun.promise;
    client.destroy();
    await gone.promise;
  });

  test(`${name}: a completed request is no abort`, async (t) => {
    const signals: AbortSignal[] = [];
    const serve = async ({ signal }: HttpRequest) => {
      signals.push(signal);
      return say('fine');
    };
    const client = await (await openBench(t, make, { serve })).connect();
    client.send(get('/', 'Connection: close\r\n'));
    await client.untilClosed();
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [false],
    );
  });

  test(`${name}: headers that drip are cut off in time`, async (t) => {
    const { connect, capabilities } = await openBench(t, make, { limits: { headerRead: millis(250) } });
    const client = await connect();
    client.send('GET / HTTP/1.1\r\nHost: x\r\n');
    const drip = setInterval(() => client.send('X-A: 1\r\n'), 100);
    t.after(() => clearInterval(drip));
    await refused(client, capabilities, 408);
  });

  test(`${name}: a body that drips is cut off in time`, async (t) => {
    const limits = { headerRead: millis(200), requestRead: millis(300) };
    const client = await (await openBench(t, make, { limits })).connect();
    client.send(post(1000));
    const drip = setInterval(() => client.send('x'), 20);
    t.after(() => clearInterval(drip));
    assert.equal((await client.response()).status, 408);
    await client.untilClosed();
  });

  test(`${name}: a connection that never says a word is closed, before and after the handshake`, async (t) => {
    const bench = await openBench(t, make, { limits: { headerRead: millis(200) } });
    const bare = await tcpClient({ host: '127.0.0.1', port: bench.listener.port });
    t.after(() => bare.destroy());
    const secured = await bench.connect();
    await Promise.all([bare.untilClosed(), secured.untilClosed()]);
  });

  test(`${name}: a connection idle between requests is closed`, async (t) => {
    const client = await (await openBench(t, make, { limits: { idle: millis(150) } })).connect();
    client.send(get('/'));
    await client.response();
    await client.untilClosed();
  });

  test(`${name}: a client that does not read its reply is cut`, async (t) => {
    const gone = promised<void>();
    const serve = async ({ signal }: HttpRequest) => {
      signal.addEventListener('abort', () => gone.keep());
      return say('x'.repeat(64 * 1024 * 1024));
    };
    const client = await (await openBench(t, make, { serve, limits: { stall: millis(300) } })).connect();
    client.socket.pause();
    client.send(get('/'));
    await gone.promise;
  });

  test(`${name}: a client that has closed its sending side is answered, or taken for gone`, async (t) => {
    const go = promised<void>();
    const serve = async () => {
      await go.promise;
      return say('late');
    };
    const { connect, capabilities } = await openBench(t, make, { serve });
    const client = await connect();
    client.socket.end(get('/'));
    setImmediate(go.keep);
    if (capabilities.halfClose) assert.equal((await client.response()).body, 'late');
    else {
      await client.untilClosed();
      assert.equal(client.seen, '');
    }
  });

  test(`${name}: connections beyond the limit are turned away, the others served`, async (t) => {
    const bench = await openBench(t, make, { limits: { connections: 2 } });
    const [first, second] = [await bench.connect(), await bench.connect()];
    await assert.rejects(bench.connect());
    for (const client of [first, second]) {
      client?.send(get('/'));
      assert.equal((await client?.response())?.status, 200);
    }
  });
}
