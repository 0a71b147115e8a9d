import { readdirSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { openNft } from '../../native/nft/index.ts';
import type { NftOp, NftPort } from '../../native/nft/port.ts';
import { tens } from '../contract/nft-suite-bulk.ts';
import { add, done, remove, tenth, usual } from '../contract/nft-suite-ground.ts';

/** Lives that a firewall port may lead, each in a process of its own: `node nft-child.js LIFE NETNS`. */
const TABLE = 'lives';
const threads = (): number => readdirSync('/proc/self/task').length;
const files = (): number => readdirSync('/proc/self/fd').length;
const open = async (netns: string): Promise<NftPort> => done(await openNft({ netns }));
const many = (from: number, count = 5000): NftOp[] =>
  Array.from({ length: count }, (_, i) => add('v4', tenth(from + i)));

/** A load of 60,000 addresses, a hundred chunks of the kernel's time. */
const load = (port: NftPort): Promise<unknown> => port.load(TABLE, 'v4', tens(60_000));

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
      load: await port.load(TABLE, 'v4', tens(5)),
      find: await port.find(TABLE, 'v4', ['192.0.2.1']),
      count: await port.count(TABLE, 'v4'),
      fingerprint: await port.fingerprint(TABLE),
      baseChains: await port.baseChains(),
      watch: await port.watch(TABLE, () => undefined),
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

  /** A watch does not keep a port that nobody holds, whose notices are on their way. */
  async watched(netns) {
    const other = await open(netns);
    done(await other.ensure(usual(TABLE)));
    const [before, filesBefore] = [threads(), files()];
    let told = 0;
    const watch = async (): Promise<void> => {
      for (let i = 0; i < 10; i++) done(await (await open(netns)).watch(TABLE, () => told++));
    };
    await watch();
    for (let i = 0; told === 0; i++) done(await other.commit(TABLE, [(i % 2 === 0 ? add : remove)('v6', '::1')]));
    await settle('threads are back', () => threads() === before);
    await settle('files are back', () => files() === filesBefore);
    done(await other.commit(TABLE, [add('plain', '192.0.2.1')]));
    await other.close();
  },

  /** Closing a port in the midst of a load ends both, and its watch with its thread. */
  async closed(netns) {
    const keeper = await open(netns);
    done(await keeper.ensure(usual(TABLE)));
    const [before, filesBefore] = [threads(), files()];
    for (let i = 0; i < 20; i++) {
      const port = await open(netns);
      done(await port.watch(TABLE, () => undefined));
      const loads = [load(port), load(port)];
      if (i % 2 === 0) await port.find(TABLE, 'v4', [tenth(0)]);
      await port.close();
      await Promise.all(loads);
    }
    if (threads() !== before || files() !== filesBefore) throw new Error(`${threads()} threads, ${files()} files`);
    await keeper.close();
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

  /** In the midst of a load, with a watch that is being told of what another port does. */
  async exit_loading(netns) {
    const [port, other] = [await open(netns), await open(netns)];
    done(await port.ensure(usual(TABLE)));
    done(await port.watch(TABLE, () => undefined));
    const loading = load(port);
    for (let i = 0; i < 50; i++) void other.commit(TABLE, [add('v6', `2001:db8::${i}`)]);
    await port.find(TABLE, 'v4', [tenth(0)]);
    void loading.then(() => process.exit(8));
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
    for (const busy of [false, 'calls', 'load', false, 'load', 'calls', 'load'] as const) {
      const worker = new Worker(new URL(import.meta.url), { workerData: { netns, busy } });
      if (busy !== false) {
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

interface Task {
  readonly netns: string;
  readonly busy: false | 'calls' | 'load';
}

async function inWorker({ netns, busy }: Task): Promise<void> {
  const port = await open(netns);
  if (busy === 'load') {
    const other = await open(netns);
    done(await port.watch(TABLE, () => undefined));
    const calls = [
      load(port),
      load(port),
      ...Array.from({ length: 20 }, (_, i) => other.commit(TABLE, many(i * 5000))),
    ];
    parentPort?.postMessage('under way');
    await Promise.all(calls);
    return;
  }
  const calls = Array.from({ length: busy ? 20 : 3 }, (_, i) => port.commit(TABLE, many(i * 5000)));
  parentPort?.postMessage('under way');
  await Promise.all(calls);
}

if (isMainThread) {
  const [life = '', netns = ''] = process.argv.slice(2);
  await lives[life]?.(netns);
} else {
  await inWorker(workerData as Task);
}
