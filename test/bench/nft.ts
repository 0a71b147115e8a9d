import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { seconds } from '../../core/base/time.ts';
import type { SetDeclaration, TableDeclaration } from '../../native/nft/declaration.ts';
import type { NftPort, PackedKeys } from '../../native/nft/port.ts';
import { add, done, flush, tenth } from '../contract/nft-suite-ground.ts';
import { NetworkNamespace } from '../support/network-namespace.ts';
import { declareBench } from './bench.ts';
import { DOORS, type Door } from './nft-doors.ts';
import { NftProgram } from './nft-program.ts';
import { currentPeak, forgetPeak } from './processes.ts';
import { median, quantile, rounded } from './statistics.ts';

const TABLE = 'bench';
const COMMENT = '0198c7d2-4a5e-7cc3-8f00-1234567890ab';
const LARGEST = 2_097_152;
const HOUR_MS = 3_600_000;
const FREED_PER_MS = 700;
const hash = { family: 4, interval: false, size: LARGEST } as const;
const SINGLE: SetDeclaration = { name: 'single', ...hash, timeout: true };
const PLAIN: SetDeclaration = { name: 'plain', ...hash, timeout: false };
const TIMED: SetDeclaration = { name: 'timed', ...hash, timeout: true };
const NETWORKS: SetDeclaration = { name: 'networks', family: 4, interval: true, timeout: false };

/**
 * A million addresses through the port and through `nft -f`, turn by turn in one run, then one by one while nothing else
 * goes on and while a million are loaded. Memory is what the process of the bench held at most during a load over what
 * it held before, the caller's own columns included.
 */
export const nft = declareBench({
  name: 'nft',
  about:
    'the nftables port beside the program nft, in a namespace of its own: a million at once, and one by one (root)',
  options: {
    bulk: { about: `addresses loaded at once, at most ${LARGEST}`, value: 1_000_000 },
    networks: { about: 'networks loaded at once', value: 100_000 },
    singles: { about: 'addresses added one by one', value: 5000 },
    calls: { about: 'addresses added by a process of nft each', value: 40 },
    turns: { about: 'times each load is measured; figures are medians', value: 3 },
  },
  run: async (options, say) => {
    const namespace = new NetworkNamespace('bench');
    const [addon, ...others] = DOORS;
    const port = await addon.open(namespace.name);
    try {
      const program = new NftProgram(namespace, options.bulk);
      const loads = await againstProgram(port, program, options);
      say(`${options.bulk} addresses: ${JSON.stringify(loads)}`);
      const single = await byDoor([addon, ...others], namespace, 0, (each) => singly(each, options.singles));
      const during = await byDoor([addon, ...others], namespace, options.bulk, (each) =>
        duringBulk(each, options.bulk),
      );
      say(`one address: ${JSON.stringify(single)}, while many are loaded: ${JSON.stringify(during)}`);
      const figures = {
        ...loads,
        ...named(single, (door) => `single_add_${door}p50_us`, 'p50'),
        ...named(single, (door) => `single_add_${door}p99_us`, 'p99'),
        nft_call_p50_ms: program.callP50(options.calls),
        ...named(during, (door) => `single_add_${door}p99_during_bulk_ms`, 'p99'),
        ...(await replaced(port, options.bulk)),
        ...(await networksAndLookups(port, options.networks)),
        load_average: rounded(loadavg()[0] ?? 0, 2),
      };
      say(`replaced whole: ${figures.replace_1m_s} s`);
      return figures;
    } finally {
      await port.close();
      namespace.dispose();
    }
  },
});

/** Addresses spread over the space, as lists have them: consecutive ones would flatter the hash. */
export function spread(count: number, seed: number): PackedKeys {
  const numbers = Uint32Array.from({ length: count }, (_, i) => Math.imul(i + seed * 0x0100_0000, 0x9e37_79b1));
  return { family: 4, bytes: new Uint8Array(numbers.buffer) };
}

const withTimeouts = (keys: PackedKeys): PackedKeys => ({
  ...keys,
  timeouts: new Float64Array(keys.bytes.length / 4).fill(HOUR_MS),
});

const declare = (port: NftPort, ...sets: readonly SetDeclaration[]) => port.ensure(tableOf(sets));
const tableOf = (sets: readonly SetDeclaration[], used?: string): TableDeclaration => ({
  name: TABLE,
  sets,
  chains: [
    {
      name: 'guard',
      hook: 'prerouting',
      priority: -190,
      rules: used === undefined ? [] : [{ when: [{ match: 'saddr', set: used }], verdict: 'drop', counter: 'listed' }],
    },
  ],
});

/** Drops the table and waits: the kernel frees a million elements beside whatever comes next. */
async function clear(port: NftPort, count: number): Promise<void> {
  done(await port.drop(TABLE));
  await freed(count);
}

const freed = (count: number): Promise<void> => pause(count / FREED_PER_MS);

async function againstProgram(port: NftPort, program: NftProgram, { bulk, turns }: Record<'bulk' | 'turns', number>) {
  const taken = { plain: [] as number[], timed: [] as number[] };
  const byNft = { plain: [] as number[], timed: [] as number[] };
  let extra = 0;
  for (let turn = 0; turn < turns; turn++) {
    for (const set of [PLAIN, TIMED]) {
      done(await declare(port, PLAIN, TIMED, SINGLE));
      forgetPeak();
      const before = currentPeak();
      const keys = set.timeout ? withTimeouts(spread(bulk, turn)) : spread(bulk, turn);
      const start = performance.now();
      done(await port.load(TABLE, set.name, keys));
      taken[set.name as 'plain' | 'timed'].push(performance.now() - start);
      extra = Math.max(extra, currentPeak() - before);
      await holds(port, set.name, bulk);
      await clear(port, bulk);
      byNft[set.name as 'plain' | 'timed'].push(program.load(set.timeout));
      await freed(bulk);
    }
  }
  const [plain, timed] = [median(taken.plain), median(taken.timed)];
  return {
    load_1m_ms: rounded(plain),
    nft_f_1m_ms: rounded(median(byNft.plain)),
    load_1m_ratio_nft_f: rounded(median(byNft.plain) / plain, 2),
    load_1m_timeout_ms: rounded(timed),
    nft_f_1m_timeout_ms: rounded(median(byNft.timed)),
    load_1m_timeout_ratio_nft_f: rounded(median(byNft.timed) / timed, 2),
    extra_rss_1m_mb: rounded(extra),
  };
}

async function holds(port: NftPort, set: string, count: number): Promise<void> {
  const counted = done(await port.count(TABLE, set));
  if (counted !== 'unknown' && counted !== count) throw new Error(`${set} holds ${counted}, not ${count}`);
}

interface Latency {
  readonly door: Door;
  readonly p50: number;
  readonly p99: number;
}

async function byDoor(
  doors: readonly Door[],
  namespace: NetworkNamespace,
  bulk: number,
  measure: (port: NftPort) => Promise<readonly number[]>,
): Promise<readonly Latency[]> {
  const all: Latency[] = [];
  for (const door of doors) {
    const port = await door.open(namespace.name);
    const taken = await measure(port);
    all.push({ door, p50: rounded(quantile(taken, 0.5), 2), p99: rounded(quantile(taken, 0.99), 2) });
    await clear(port, bulk);
    await port.close();
  }
  return all;
}

/** The addon's figure bears no door's name. */
const named = (all: readonly Latency[], name: (door: string) => string, figure: 'p50' | 'p99') =>
  Object.fromEntries(all.map(({ door, ...of }) => [name(door.name === 'addon' ? '' : `${door.name}_`), of[figure]]));

/** µs from the call to the promise, each call alone. */
async function singly(port: NftPort, count: number): Promise<readonly number[]> {
  done(await declare(port, SINGLE));
  let taken: number[] = [];
  // The first round warms up.
  for (let round = 0; round < 2; round++) {
    taken = [];
    done(await port.commit(TABLE, [flush('single')]));
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      done(await port.commit(TABLE, [block(i)]));
      taken.push((performance.now() - start) * 1000);
    }
  }
  return taken;
}

const block = (i: number) => add('single', tenth(i), { timeout: seconds(3600), comment: COMMENT });

/** ms from the call to the promise, one a millisecond, while a list with timeouts is loaded through the same port. */
async function duringBulk(port: NftPort, bulk: number): Promise<readonly number[]> {
  done(await declare(port, SINGLE, TIMED));
  let isLoading = true;
  const loading = port.load(TABLE, 'timed', withTimeouts(spread(bulk, 0))).then((result) => {
    isLoading = false;
    return result;
  });
  const taken: number[] = [];
  for (let i = 0; isLoading; i++) {
    const start = performance.now();
    done(await port.commit(TABLE, [block(i)]));
    taken.push(performance.now() - start);
    await pause(1);
  }
  done(await loading);
  return taken;
}

/** A list in use gives way to another: loaded beside it, switched to by one rule, the old one dropped with it. */
async function replaced(port: NftPort, bulk: number) {
  const [a, b] = [
    { ...PLAIN, name: 'list_a' },
    { ...PLAIN, name: 'list_b' },
  ] as const;
  done(await port.ensure(tableOf([a], 'list_a')));
  done(await port.load(TABLE, 'list_a', spread(bulk, 1)));
  const keys = spread(bulk, 2);
  const start = performance.now();
  done(await port.ensure(tableOf([a, b], 'list_a')));
  done(await port.load(TABLE, 'list_b', keys));
  const switching = performance.now();
  done(await port.ensure(tableOf([b], 'list_b')));
  const end = performance.now();
  await holds(port, 'list_b', bulk);
  await clear(port, bulk);
  return { replace_1m_s: rounded((end - start) / 1000, 2), replace_switch_ms: rounded(end - switching, 2) };
}

async function networksAndLookups(port: NftPort, count: number) {
  done(await declare(port, NETWORKS, PLAIN));
  const bytes = new Uint8Array(count * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) view.setUint32(i * 4, 0x0100_0000 + i * 512);
  const nets: PackedKeys = { family: 4, bytes, prefixes: new Uint8Array(count).fill(24) };
  const start = performance.now();
  done(await port.load(TABLE, 'networks', nets));
  const loaded = performance.now();
  const keys = Array.from({ length: 10_000 }, (_, i) => tenth(i));
  done(await port.find(TABLE, 'plain', keys));
  const found = performance.now();
  await clear(port, count);
  return {
    load_networks_ms: rounded(loaded - start),
    find_us: rounded(((found - loaded) * 1000) / keys.length, 2),
  };
}
