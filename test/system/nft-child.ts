import { readdirSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { openNft } from '../../native/nft/index.ts';
import type { NftOp, NftPort } from '../../native/nft/port.ts';
import { add, done, tenth, usual } from '../contract/nft-suite-ground.ts';

/** Lives that a firewall port may lead, each in a process of its own: `node nft-child.js LIFE NETNS`. */
const TABLE = 'lives';
const threads = (): number => readdirSync('/proc/self/task').length;
const files = (): number => readdirSync('/proc/self/fd').length;
const open = async (netns: string): Promise<NftPort> => done(await openNft({ netns }));
const many = (from: number, count = 5000): NftOp[] =>
  Array.from({ length: count }, (_, i) => add('v4', tenth(from + i)));

async function settle(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; !holds(); i++) {
    if (i > 10_000) throw new Error(`never: ${what}`);
    globalThis.gc?.();
    await turn();
  }
}

const lives: Readonly<Record<string, (netns: string) => Promise<void>>> = {
  /** Says how each call fares without privileges. */
  async unprivileged(netns) {
    const entered = await openNft({ netns });
    const port = done(await openNft());
    const results = {
      enter: entered,
      ensure: await port.ensure(usual(TABLE)),
      drop: await port.drop(TABLE),
      commit: await port.commit(TABLE, [add('v4', '192.0.2.1')]),
      list: await port.list(TABLE, 'v4'),
      counters: await port.counters(TABLE),
      localAddresses: await port.localAddresses(),
    };
    await port.close();
    console.log(JSON.stringify(results));
  },

  /** Ports nobody closed are collected, threads and sockets with them. */
  async collected(netns) {
    await (await open(netns)).close();
    const [before, filesBefore] = [threads(), files()];
    const use = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) done(await (await open(netns)).localAddresses());
    };
    await use();
    await settle('threads are back', () => threads() === before);
    await settle('files are back', () => files() === filesBefore);
  },

  /** A call under way keeps its port from being collected. */
  async pending(netns) {
    done(await (await open(netns)).ensure(usual(TABLE)));
    const start = async (): Promise<Promise<unknown>[]> => {
      const port = await open(netns);
      return Array.from({ length: 20 }, (_, i) => port.commit(TABLE, many(i * 1000, 1000)).then(done));
    };
    const calls = await start();
    for (let i = 0; i < 20; i++) {
      globalThis.gc?.();
      await turn();
    }
    await Promise.all(calls);
  },

  /** Opening and closing leaves nothing behind. */
  async reopened(netns) {
    await (await open(netns)).close();
    const [before, filesBefore] = [threads(), files()];
    for (let i = 0; i < 300; i++) {
      const port = await open(netns);
      if (i % 2 === 0) done(await port.localAddresses());
      await port.close();
    }
    if (threads() !== before || files() !== filesBefore) throw new Error(`${threads()} threads, ${files()} files`);
  },

  /** An open port does not keep the process. */
  async idle(netns) {
    done(await (await open(netns)).ensure(usual(TABLE)));
  },

  /** A call under way does, until it is answered. */
  async answered(netns) {
    const port = await open(netns);
    done(await port.ensure(usual(TABLE)));
    void port.commit(TABLE, many(0)).then((result) => console.log(JSON.stringify(result)));
  },

  async exit(netns) {
    const port = await open(netns);
    done(await port.ensure(usual(TABLE)));
    for (let i = 0; i < 20; i++) void port.commit(TABLE, many(i * 5000));
    process.exit(7);
  },

  async crash(netns) {
    const port = await open(netns);
    done(await port.ensure(usual(TABLE)));
    for (let i = 0; i < 20; i++) void port.commit(TABLE, many(i * 5000));
    throw new Error('planned');
  },

  /** Threads that end by themselves, and threads that are ended with calls under way; the main thread's port lives on. */
  async workers(netns) {
    const port = await open(netns);
    done(await port.ensure(usual(TABLE)));
    const before = threads();
    for (const ended of [false, true, true, false, true]) {
      const worker = new Worker(new URL(import.meta.url), { workerData: { netns, busy: ended } });
      if (ended) {
        await new Promise((resolve) => worker.once('message', resolve));
        await worker.terminate();
      } else {
        const code = await new Promise((resolve) => worker.once('exit', resolve));
        if (code !== 0) throw new Error(`a worker ended with ${code}`);
      }
    }
    await settle('threads are back', () => threads() <= before);
    done(await port.commit(TABLE, [add('v6', '::1')]));
    await port.close();
  },
};

async function inWorker({ netns, busy }: { readonly netns: string; readonly busy: boolean }): Promise<void> {
  const port = await open(netns);
  const calls = Array.from({ length: busy ? 20 : 3 }, (_, i) => port.commit(TABLE, many(i * 5000)));
  parentPort?.postMessage('under way');
  await Promise.all(calls);
}

if (isMainThread) {
  const [life = '', netns = ''] = process.argv.slice(2);
  await lives[life]?.(netns);
} else {
  await inWorker(workerData as { readonly netns: string; readonly busy: boolean });
}
