import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpReply, HttpRequest, ReplySource } from '../../../core/api/http.ts';
import { millis } from '../../../core/base/time.ts';
import { until } from '../../support/until.ts';
import { ASKING, get, type MakeEngine, openBench, post, promised, say } from './bench.ts';

const MIB = 1024 * 1024;

/** Reads the body piece by piece and says how much there was, or why it ended. */
const measure = async (request: HttpRequest): Promise<HttpReply> => {
  const body = request.pieces(8 * MIB);
  let read = 0;
  for (;;) {
    const piece = await body.next();
    if (!piece.ok) return say(`${piece.code} after ${read}`, piece.code === 'too_large' ? 413 : 400);
    if (piece.value === undefined) return say(`read ${read}`);
    read += piece.value.length;
  }
};

/** `size` bytes in pieces of 64 KiB, and what became of it. */
function source(size: number, promisedSize = size) {
  const closed = promised<void>();
  let at = 0;
  let closings = 0;
  const reply: ReplySource = {
    size: promisedSize,
    next: async () => {
      const piece = new Uint8Array(Math.min(65_536, size - at)).fill(120);
      at += piece.length;
      return piece.length === 0 ? undefined : piece;
    },
    close: () => {
      closings++;
      closed.keep();
    },
  };
  return { reply, closed: closed.promise, read: () => at, closings: () => closings };
}

const sourceReply = (from: ReplySource): HttpReply => ({ ...say(''), source: from });

export function bodyCases(name: string, make: MakeEngine): void {
  uploadCases(name, make);
  downloadCases(name, make);
}

/** Bodies that are read piece by piece. */
function uploadCases(name: string, make: MakeEngine): void {
  test(`${name}: a body read in pieces is whole, and the connection goes on`, async (t) => {
    const { connect, capabilities } = await openBench(t, make, { serve: measure });
    let client = await connect();
    client.send(post(3 * MIB) + 'x'.repeat(3 * MIB));
    assert.equal((await client.response()).body, `read ${3 * MIB}`);
    client.send(`${post('chunked')}3\r\nabc\r\n0\r\n\r\n`);
    assert.equal((await client.response()).body, 'read 3');
    if (!capabilities.exactChunks) client = await connect();
    client.send(post(0));
    assert.equal((await client.response()).body, 'read 0');
    client.send(post(2, 'Expect: 100-continue\r\n'));
    assert.equal((await client.response()).status, 100);
    client.send('ab');
    assert.equal((await client.response()).body, 'read 2');
  });

  test(`${name}: pieces beyond the limit are refused, announced ones before a byte is sent`, async (t) => {
    const bench = await openBench(t, make, { serve: measure });
    const announced = await bench.connect();
    announced.send(post(100 * MIB, 'Expect: 100-continue\r\n'));
    if (!bench.capabilities.expectContinue) assert.equal((await announced.response()).status, 100);
    assert.equal((await announced.response()).body, 'too_large after 0');
    const chunked = await bench.connect();
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    chunked.send(post('chunked') + chunk.repeat(130));
    assert.equal((await chunked.response()).status, 413);
    await chunked.untilClosed();
  });

  test(`${name}: no more is taken from a client than is asked for`, async (t) => {
    const go = promised<void>();
    const begun = promised<void>();
    const serve = async (request: HttpRequest) => {
      const body = request.pieces(64 * MIB);
      await body.next();
      begun.keep();
      await go.promise;
      let piece = await body.next();
      while (piece.ok && piece.value !== undefined) piece = await body.next();
      return say(piece.ok ? 'whole' : piece.code);
    };
    const client = await (await openBench(t, make, { serve })).connect();
    client.send(post(48 * MIB));
    for (let i = 0; i < 48; i++) client.send('x'.repeat(MIB));
    await begun.promise;
    let before = -1;
    await until('the client is held back', () => {
      const isStill = client.socket.writableLength === before;
      before = client.socket.writableLength;
      return isStill;
    });
    assert.ok(client.socket.writableLength > 16 * MIB, `${client.socket.writableLength} bytes wait at the client`);
    go.keep();
    assert.equal((await client.response()).body, 'whole');
  });

  test(`${name}: a client that goes between pieces is noticed`, async (t) => {
    const outcome = promised<string>();
    const begun = promised<void>();
    const serve = async (request: HttpRequest) => {
      const body = request.pieces(1000);
      await body.next();
      begun.keep();
      const second = await body.next();
      const third = await body.next();
      outcome.keep([second, third].map((piece) => (piece.ok ? 'read' : piece.code)).join());
      return say('');
    };
    const client = await (await openBench(t, make, { serve })).connect();
    client.send(`${post(100)}half`);
    await begun.promise;
    client.destroy();
    assert.equal(await outcome.promise, 'aborted,aborted');
  });

  test(`${name}: a reply before the end of the pieces arrives, and the connection ends`, async (t) => {
    const serve = async (request: HttpRequest) => {
      await request.pieces(64 * MIB).next();
      return say('enough', 400);
    };
    const client = await (await openBench(t, make, { serve })).connect();
    client.send(post(32 * MIB) + 'x'.repeat(MIB));
    const { status, headers } = await client.response();
    assert.deepEqual([status, headers['connection']], [400, 'close']);
    await client.untilClosed();
  });

  test(`${name}: pieces may take longer than a body for memory, and are cut off in the end`, async (t) => {
    const limits = { headerRead: millis(200), requestRead: millis(200), uploadRead: millis(600) };
    const client = await (await openBench(t, make, { serve: measure, limits })).connect();
    client.send(post(1000));
    const begun = performance.now();
    const drip = setInterval(() => client.send('x'), 20);
    t.after(() => clearInterval(drip));
    await client.untilClosed();
    assert.ok(performance.now() - begun >= 550);
  });

  test(`${name}: a body nobody reads does not keep its connection by dripping`, async (t) => {
    const limits = { headerRead: millis(100), requestRead: millis(200) };
    const client = await (await openBench(t, make, { serve: async () => say('done'), limits })).connect();
    client.send(post(1000));
    const drip = setInterval(() => client.send('x'), 20);
    t.after(() => clearInterval(drip));
    assert.equal((await client.response()).body, 'done');
    await client.untilClosed();
  });
}

/** Bodies that are read while they are sent. */
function downloadCases(name: string, make: MakeEngine): void {
  test(`${name}: a source is sent whole, closed once, and the connection goes on`, async (t) => {
    const sources = [source(5 * MIB), source(0), source(10)];
    const waiting = [...sources];
    const serve = async () => sourceReply((waiting.shift() ?? source(0)).reply);
    const { connect, capabilities } = await openBench(t, make, { serve });
    const client = await connect();
    if (capabilities.pipelining) client.send(get('/1') + get('/2') + get('/3'));
    for (const length of [5 * MIB, 0, 10]) {
      if (!capabilities.pipelining) client.send(get('/'));
      const { headers, body } = await client.response();
      assert.deepEqual([headers['content-length'], body.length], [String(length), length]);
    }
    assert.deepEqual(
      sources.map(({ closings }) => closings()),
      [1, 1, 1],
    );
  });

  test(`${name}: HEAD has the length of a source and reads nothing of it`, async (t) => {
    const from = source(MIB);
    const client = await (await openBench(t, make, { serve: async () => sourceReply(from.reply) })).connect();
    client.send('HEAD / HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.equal((await client.response(true)).headers['content-length'], String(MIB));
    await from.closed;
    assert.deepEqual([from.read(), from.closings()], [0, 1]);
  });

  for (const [what, ask] of ASKING)
    test(`${name}: a source is read no faster than its client reads, and closed when it goes (${what})`, async (t) => {
      const from = source(256 * MIB);
      const client = await (await openBench(t, make, { serve: async () => sourceReply(from.reply) })).connect();
      client.socket.pause();
      client.send(ask);
      let before = -1;
      await until('the source is held back', () => {
        const isStill = from.read() > 0 && from.read() === before;
        before = from.read();
        return isStill;
      });
      assert.ok(from.read() < 32 * MIB, `${from.read()} bytes were read`);
      client.destroy();
      await from.closed;
      assert.equal(from.closings(), 1);
    });

  for (const [what, ask, isLast] of ASKING)
    test(`${name}: a source arrives whole, and the connection ends where it must (${what})`, async (t) => {
      const from = source(5 * MIB);
      const limits = { requestRead: millis(1000) };
      const client = await (await openBench(t, make, { serve: async () => sourceReply(from.reply), limits })).connect();
      client.send(ask);
      const { headers, body } = await client.response();
      assert.deepEqual([body.length, /^x*$/.test(body)], [5 * MIB, true]);
      await from.closed;
      assert.equal(from.closings(), 1);
      if (!isLast) return;
      assert.equal(headers['connection'], 'close');
      await client.untilClosed();
    });

  for (const [what, ask] of ASKING)
    test(`${name}: a source that fails midway is a transfer cut off (${what})`, async (t) => {
      const from = source(MIB);
      const next = () => (from.read() > MIB / 2 ? Promise.reject(new Error('disk')) : from.reply.next());
      const serve = async () => sourceReply({ ...from.reply, next });
      const client = await (await openBench(t, make, { serve })).connect();
      client.send(ask);
      await assert.rejects(client.response(), /closed while waiting/);
      await from.closed;
      assert.equal(from.closings(), 1);
    });

  for (const [what, size] of [
    ['shorter', 100_000],
    ['longer', 300_000],
  ] as const)
    test(`${name}: a source ${what} than it said costs the connection`, async (t) => {
      const from = source(size, 200_000);
      const client = await (await openBench(t, make, { serve: async () => sourceReply(from.reply) })).connect();
      client.send(get('/'));
      await client.untilClosed();
      assert.ok(client.seen.length < 200_000);
      assert.equal(from.closings(), 1);
    });
}
