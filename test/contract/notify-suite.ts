import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { DatagramCode, DatagramPort } from '../../native/notify/port.ts';
import { ServiceManager } from '../../native/notify/service-manager.ts';

export interface Receiver {
  /** Resolves with all that came, when there are as many datagrams; those that wait are read from now on. */
  read(count: number): Promise<readonly Uint8Array[]>;
  close(): Promise<void>;
}

/** AF_UNIX datagram sockets, seen from both sides. */
export interface DatagramBench {
  open(): DatagramPort;
  /** Binds a socket that nobody reads until `read`. */
  listen(path: string): Promise<Receiver>;
  /** Where a socket may be bound. */
  path(name: string): string;
}

/** What every `DatagramPort` does; the one in memory and the kernel's pass the same. */
export function datagramSuite(
  name: string,
  make: (t: TestContext) => DatagramBench,
  skip: string | false = false,
): void {
  const scene = (what: string, play: (bench: DatagramBench) => Promise<void>): void => {
    test(`${name}: ${what}`, { skip }, (t) => play(make(t)));
  };
  const refused = (port: DatagramPort, path: string, code: DatagramCode, bytes = Uint8Array.of(1)): void => {
    const sent = port.send(path, bytes);
    assert.equal(sent.ok ? 'sent' : sent.code, code, path.slice(0, 40));
  };

  scene('datagrams arrive whole, in order, empty ones too, at a path and at an abstract address', async (bench) => {
    const port = bench.open();
    for (const path of [bench.path('socket'), `@bartizan-${randomBytes(6).toString('hex')}`]) {
      const receiver = await bench.listen(path);
      const sent = [Buffer.from('one'), Buffer.alloc(0), randomBytes(60_000), Buffer.from([0, 10, 0])];
      for (const bytes of sent) assert.deepEqual(port.send(path, bytes), { ok: true, value: undefined });
      assert.deepEqual(
        (await receiver.read(4)).map((bytes) => Buffer.from(bytes)),
        sent,
      );
      await receiver.close();
    }
    port.close();
  });

  scene('nobody there, no such address, too large', async (bench) => {
    const port = bench.open();
    refused(port, bench.path('none'), 'absent');
    refused(port, '@bartizan-nobody-has-this', 'absent');
    for (const path of ['', '/', '@', 'relative', `/${'x'.repeat(107)}`, `@${'x'.repeat(108)}`, '/a\0b']) {
      refused(port, path, 'invalid');
    }
    const path = bench.path('socket');
    const receiver = await bench.listen(path);
    refused(port, path, 'too-large', new Uint8Array(2 ** 20));
    await receiver.close();
    port.close();
  });

  scene('a receiver that does not read is busy, not waited for; nothing that was accepted is lost', async (bench) => {
    const port = bench.open();
    const path = bench.path('socket');
    const receiver = await bench.listen(path);
    let sent = 0;
    for (let last: DatagramCode | 'sent' = 'sent'; last === 'sent'; ) {
      const result = port.send(path, Uint8Array.of(sent >> 8, sent));
      last = result.ok ? 'sent' : result.code;
      if (result.ok) sent++;
      else assert.equal(result.code, 'busy');
      assert.ok(sent < 100_000);
    }
    const got = await receiver.read(sent);
    assert.deepEqual(
      got.map((bytes) => Buffer.from(bytes).readUInt16BE()),
      Array.from({ length: sent }, (_, i) => i),
    );
    await receiver.close();
    port.close();
  });

  scene('a closed port says so, and may be closed again', async (bench) => {
    const port = bench.open();
    port.close();
    port.close();
    refused(port, bench.path('socket'), 'closed');
  });

  scene('the service manager is told in its own words', async (bench) => {
    const port = bench.open();
    const path = bench.path('notify');
    const receiver = await bench.listen(path);
    const manager = new ServiceManager(port, path);
    assert.ok(manager.tell({ ready: true, status: 'enforcing\nREADY=0' }).ok);
    assert.ok(manager.tell({ watchdog: true }).ok);
    assert.ok(manager.tell({ stopping: true }).ok);
    assert.deepEqual(
      (await receiver.read(3)).map((bytes) => Buffer.from(bytes).toString()),
      ['READY=1\nSTATUS=enforcing READY=0', 'WATCHDOG=1', 'STOPPING=1'],
    );
    await receiver.close();
    const nobody = new ServiceManager(port, undefined).tell({ ready: true });
    assert.equal(nobody.ok ? '' : nobody.code, 'absent');
    port.close();
  });
}
