import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpReply, HttpRequest, StreamSink } from '../../../core/api/http.ts';
import { millis } from '../../../core/base/time.ts';
import { get, type MakeEngine, openBench, promised } from './bench.ts';

interface OpenStream {
  readonly sink: StreamSink;
  readonly request: HttpRequest;
  readonly ended: Promise<void>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A dispatch that opens a stream for every request and hands it to the test. */
function streams() {
  const waiting: ((stream: OpenStream) => void)[] = [];
  const serve = async (request: HttpRequest): Promise<HttpReply> => {
    const over = promised<void>();
    request.signal.addEventListener('abort', () => over.keep());
    const start = (sink: StreamSink) => waiting.shift()?.({ sink, request, ended: over.promise });
    return { status: 200, headers: { 'content-type': 'text/event-stream' }, body: '', stream: { start } };
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
    const { sink } = await opened;
    await client.text('content-type: text/event-stream');
    sink.write(bytes('data: 1\n\n'));
    await client.text('data: 1\n\n');
    sink.write(bytes('data: 2\n\n'));
    await client.text('data: 2\n\n');
  });

  test(`${name}: a stream that is ended has sent everything, and takes its connection along`, async (t) => {
    const { serve, next } = streams();
    const client = await (await openBench(t, make, { serve })).connect();
    const opened = next();
    client.send(get('/'));
    const { sink, ended } = await opened;
    sink.write(bytes(`data: ${'x'.repeat(200_000)}\n\n`));
    sink.write(bytes('data: last\n\n'));
    sink.end();
    sink.write(bytes('data: nobody\n\n'));
    sink.end();
    await client.text('data: last\n\n');
    await Promise.all([ended, client.untilClosed()]);
    assert.doesNotMatch(client.seen, /nobody/);
  });

  test(`${name}: a client that leaves ends its stream, later writes do nothing`, async (t) => {
    const { serve, next } = streams();
    const client = await (await openBench(t, make, { serve })).connect();
    const opened = next();
    client.send(get('/'));
    const { sink, ended } = await opened;
    client.destroy();
    await ended;
    assert.equal(sink.write(bytes('data: nobody\n\n')), true);
    sink.end();
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

  test(`${name}: a slow client holds its writer back until it has read everything`, async (t) => {
    const { serve, next } = streams();
    const client = await (await openBench(t, make, { serve })).connect();
    const opened = next();
    client.socket.pause();
    client.send(get('/'));
    const { sink } = await opened;
    const frame = bytes(`data: ${'x'.repeat(10_000)}\n\n`);
    for (let round = 1; round <= 2; round++) {
      let written = 0;
      while (sink.write(frame) && written < 5000) written++;
      assert.ok(written < 5000, 'the writer is told to hold back');
      const drained = promised<void>();
      sink.onDrain(() => drained.keep());
      client.socket.resume();
      await drained.promise;
      sink.write(bytes(`data: ${round}\n\n`));
      await client.text(`data: ${round}\n\n`);
      client.socket.pause();
    }
  });

  test(`${name}: a client whose writer goes on all the same is cut, another gets everything`, async (t) => {
    const { serve, next } = streams();
    const bench = await openBench(t, make, { serve, limits: { streamBuffer: 50_000, streamLimit: 100_000 } });
    const [slow, quick] = [await bench.connect(), await bench.connect()];
    const opened = [next(), next()];
    slow.socket.pause();
    slow.send(get('/slow'));
    const slowStream = await opened[0];
    quick.send(get('/quick'));
    const quickStream = await opened[1];
    const frame = `data: ${'x'.repeat(10_000)}\n\n`;
    const frameBytes = bytes(frame);
    let cut = false;
    void slowStream?.ended.then(() => {
      cut = true;
    });
    let written = 0;
    for (; !cut && written < 5000; written++) {
      slowStream?.sink.write(frameBytes);
      quickStream?.sink.write(frameBytes);
      await quick.text(frame);
    }
    assert.ok(cut, 'the slow client was cut');
    quickStream?.sink.write(bytes('data: still here\n\n'));
    await quick.text('data: still here\n\n');
  });
}
