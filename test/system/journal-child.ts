import { readdirSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { seconds } from '../../core/base/time.ts';
import { type JournalPort, openJournal } from '../../native/journal/index.ts';
import { done } from '../contract/journal-suite.ts';

/** Lives that a journal port may lead, each in a process of its own: `node journal-child.js LIFE DIRECTORY`. */
const threads = (): number => readdirSync('/proc/self/task').length;
const files = (): number => readdirSync('/proc/self/fd').length;
const open = async (path: string): Promise<JournalPort> =>
  done(await openJournal({ source: { kind: 'directory', path }, fields: ['MESSAGE'] }));

async function settle(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; !holds(); i++) {
    if (i > 10_000) throw new Error(`never: ${what}`);
    globalThis.gc?.();
    await turn();
  }
}

const lives: Readonly<Record<string, (path: string) => Promise<void>>> = {
  /** Ports nobody closed are collected, threads and files with them. */
  async collected(path) {
    await (await open(path)).close();
    const [before, filesBefore] = [threads(), files()];
    const use = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) done(await (await open(path)).read());
    };
    await use();
    await settle('threads are back', () => threads() === before);
    await settle('files are back', () => files() === filesBefore);
  },

  /** A wait under way outlives the last reference to its port. */
  async pending(path) {
    const start = async (): Promise<Promise<unknown>[]> => {
      const ports = await Promise.all(Array.from({ length: 10 }, () => open(path)));
      return ports.map((port) => port.wait(seconds(0.2) as never).then(done));
    };
    const calls = await start();
    for (let i = 0; i < 20; i++) {
      globalThis.gc?.();
      await turn();
    }
    await Promise.all(calls);
  },

  /** Opening and closing, also while waiting and reading, leaves nothing behind. */
  async reopened(path) {
    await (await open(path)).close();
    const [before, filesBefore] = [threads(), files()];
    for (let i = 0; i < 300; i++) {
      const port = await open(path);
      if (i % 3 === 0) void port.wait(seconds(60));
      if (i % 3 === 1) void port.read();
      await port.close();
    }
    if (threads() !== before || files() !== filesBefore) throw new Error(`${threads()} threads, ${files()} files`);
  },

  /** Memory does not grow with what is read. */
  async flat(path) {
    const round = async (): Promise<number> => {
      for (let i = 0; i < 100; i++) {
        const port = await open(path);
        while (done(await port.read()).length > 0);
        await port.close();
      }
      globalThis.gc?.();
      return process.memoryUsage().rss;
    };
    await round();
    const before = await round();
    const grown = (await round()) - before;
    if (grown > 16 * 2 ** 20) throw new Error(`grew by ${grown} bytes`);
  },

  /** An open port does not keep the process. */
  async idle(path) {
    await open(path);
  },

  /** A call under way does, until it is answered. */
  async answered(path) {
    const port = await open(path);
    void port.read().then((batch) => console.log(done(batch).length));
  },

  async exit(path) {
    const ports = await Promise.all(Array.from({ length: 5 }, () => open(path)));
    for (const port of ports) void port.wait(seconds(60));
    process.exit(7);
  },

  async crash(path) {
    void (await open(path)).wait(seconds(60));
    throw new Error('planned');
  },

  /** Threads that end by themselves, and threads that are ended while they wait; the main thread's port lives on. */
  async workers(path) {
    const port = await open(path);
    done(await port.read());
    const before = threads();
    for (const ended of [false, true, true, false, true]) {
      const worker = new Worker(new URL(import.meta.url), { workerData: { path, waits: ended } });
      if (ended) {
        await new Promise((resolve) => worker.once('message', resolve));
        await worker.terminate();
      } else {
        const code = await new Promise((resolve) => worker.once('exit', resolve));
        if (code !== 0) throw new Error(`a worker ended with ${code}`);
      }
    }
    await settle('threads are back', () => threads() <= before);
    done(await port.seek({ to: 'head' }));
    if (done(await port.read()).length === 0) throw new Error('nothing read');
    await port.close();
  },
};

async function inWorker({ path, waits }: { readonly path: string; readonly waits: boolean }): Promise<void> {
  const port = await open(path);
  done(await port.read());
  const waiting = waits ? port.wait(seconds(60)) : undefined;
  parentPort?.postMessage('under way');
  await waiting;
}

if (isMainThread) {
  const [life = '', path = ''] = process.argv.slice(2);
  await lives[life]?.(path);
} else {
  await inWorker(workerData as { readonly path: string; readonly waits: boolean });
}
