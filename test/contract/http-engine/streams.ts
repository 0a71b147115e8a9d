import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpReply, HttpRequest } from '../../../core/api/http.ts';
import { type Millis, millis } from '../../../core/base/time.ts';
import { get, type MakeEngine, openBench, promised } from './bench.ts';

interface OpenStream {
  readonly write: (text: string) => void;
  readonly request: HttpRequest;
  readonly ended: Promise<void>;
}

/** A dispatch that opens a stream for every request and hands it to the test. */
function streams(every: Millis = millis(60_000)) {
  const waiting: ((stream: OpenStream) => void)[] = [];
  const serve = async (request: HttpRequest): Promise<HttpReply> => {
    const over = promised<void>();
    request.signal.addEventListener('abort', () => over.keep());
    const start = (write: (text: string) => void) => waiting.shift()?.({ write, request, ended: over.promise });
    return {
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      body: '',
      stream: { start, keepalive: { text: ': k\n\n', every } },
    };
  };
  const next = () => {
    const { promise, keep } = promised<OpenStream>();
    waiting.push(keep);
    return promise;
  };
  return { serve, next };
}

export function streamCases(name: string, make: MakeEngine): void {
  test(`${name}: headers come at once, each write as it is made`, async (t) => {
    const { serve, next } = streams();
    const client = await (await openBench(t, make, { serve })).connect();
    const opened = next();
    client.send(get('/'));
    const { write } = await opened;
    await client.text('content-type: text/event-stream');
    write('data: 1\n\n');
    await client.text('data: 1\n\n');
    write('data: 2\n\n');
    await client.text('data: 2\n\n');
  });

  test(`${name}: a quiet stream shows signs of life`, async (t) => {
    const { serve } = streams(millis(30));
    const client = await (await openBench(t, make, { serve })).connect();
    client.send(get('/'));
    for (let i = 0; i < 3; i++) await client.text(': k\n\n');
  });

  test(`${name}: a client that leaves ends its stream, later writes do nothing`, async (t) => {
    const { serve, next } = streams();
    const client = await (await openBench(t, make, { serve })).connect();
    const opened = next();
    client.send(get('/'));
    const { write, ended } = await opened;
    client.destroy();
    await ended;
    write('data: nobody\n\n');
  });

  test(`${name}: requests behind a stream wait until their connection ends, or end it`, async (t) => {
    const { serve, next } = streams();
    const { connect, listener, capabilities } = await openBench(t, make, { serve });
    const client = await connect();
    const opened = capabilities.pipelining ? [next(), next(), next()] : [next()];
    client.send(get('/1'));
    const first = await opened[0];
    client.send(get('/2') + get('/3'));
    const all = await Promise.all(opened);
    assert.equal(all[0], first);
    if (capabilities.pipelining) client.destroy();
    await Promise.all(all.map(({ ended }) => ended));
    await listener.stop(millis(60_000));
  });

  test(`${name}: a client that does not read is cut, one that does gets everything`, async (t) => {
    const { serve, next } = streams();
    const bench = await openBench(t, make, { serve, limits: { streamBuffer: 100_000 } });
    const [slow, quick] = [await bench.connect(), await bench.connect()];
    const opened = [next(), next()];
    slow.socket.pause();
    slow.send(get('/slow'));
    const slowStream = await opened[0];
    quick.send(get('/quick'));
    const quickStream = await opened[1];
    const frame = `data: ${'x'.repeat(10_000)}\n\n`;
    let cut = false;
    void slowStream?.ended.then(() => {
      cut = true;
    });
    let written = 0;
    for (; !cut && written < 5000; written++) {
      slowStream?.write(frame);
      quickStream?.write(frame);
      await quick.text(frame);
    }
    assert.ok(cut, 'the slow client was cut');
    quickStream?.write('data: still here\n\n');
    await quick.text('data: still here\n\n');
  });
}
