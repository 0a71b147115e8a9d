import { execFileSync } from 'node:child_process';
import { seconds } from '../../core/base/time.ts';
import { openNft } from '../../native/nft/index.ts';
import type { NftOp, NftPort } from '../../native/nft/port.ts';
import { add, done, keys, tenth } from '../contract/nft-suite-ground.ts';
import { NetworkNamespace } from '../support/network-namespace.ts';
import { declareBench } from './bench.ts';
import { quantile, rounded } from './statistics.ts';

const CHUNK = 10_000;
const COMMENT = '0198c7d2-4a5e-7cc3-8f00-1234567890ab';
const LARGEST = 262_144;

export const nftQuick = declareBench({
  name: 'nft-quick',
  about: 'the nftables port in a namespace of its own: single adds, bulk loads, `nft -f` beside them (root)',
  options: {
    singles: { about: 'elements added one by one', value: 5000 },
    bulk: { about: `elements loaded at once, at most ${LARGEST}`, value: 100_000 },
  },
  run: async ({ singles, bulk }, say) => {
    const namespace = new NetworkNamespace('bench');
    const port = done(await openNft({ netns: namespace.name }));
    try {
      await declareTable(port);
      await addSingly(port, singles);
      done(await port.commit('bench', [{ kind: 'flush', set: 'single' }]));
      const single = await addSingly(port, singles);
      say(`one element, timeout and comment: p50 ${single.add_p50_us} µs, p99 ${single.add_p99_us} µs`);
      const loads = {
        load_plain_ms: await load(port, bulk, (i) => add('plain', tenth(i))),
        load_timeout_ms: await load(port, bulk, timed),
        load_timeout_again_ms: await load(port, bulk, timed),
        nft_f_plain_ms: loadByProgram(namespace, bulk),
      };
      for (const [name, ms] of Object.entries(loads)) say(`${name.padEnd(22)} ${ms} ms for ${bulk}`);
      return { elements: bulk, ...single, ...loads };
    } finally {
      await port.close();
      namespace.dispose();
    }
  },
});

async function declareTable(port: NftPort): Promise<void> {
  const hash = { family: 4, interval: false, size: LARGEST } as const;
  done(
    await port.ensure({
      name: 'bench',
      sets: [
        { name: 'single', ...hash, timeout: true },
        { name: 'timed', ...hash, timeout: true },
        { name: 'plain', ...hash, timeout: false },
      ],
      chains: [],
    }),
  );
}

const timed = (i: number): NftOp => add('timed', tenth(i), { timeout: seconds(3600) });

async function addSingly(port: NftPort, count: number) {
  const taken: number[] = [];
  for (let i = 0; i < count; i++) {
    const op = add('single', tenth(i), { timeout: seconds(3600), comment: COMMENT });
    const start = performance.now();
    done(await port.commit('bench', [op]));
    taken.push((performance.now() - start) * 1000);
  }
  return { add_p50_us: rounded(quantile(taken, 0.5)), add_p99_us: rounded(quantile(taken, 0.99)) };
}

/** @returns ms */
async function load(port: NftPort, count: number, make: (i: number) => NftOp): Promise<number> {
  const ops = Array.from({ length: count }, (_, i) => make(i));
  const chunks = Array.from({ length: Math.ceil(count / CHUNK) }, (_, c) => ops.slice(c * CHUNK, (c + 1) * CHUNK));
  const start = performance.now();
  for (const result of await Promise.all(chunks.map((chunk) => port.commit('bench', chunk)))) done(result);
  const taken = performance.now() - start;
  const set = ops[0]?.set ?? '';
  if ((await keys(port, 'bench', set)).length !== count) throw new Error(`${set} does not hold what was loaded`);
  return rounded(taken);
}

/** @returns ms, the program's start included */
function loadByProgram(namespace: NetworkNamespace, count: number): number {
  const elements = Array.from({ length: count }, (_, i) => tenth(i)).join(', ');
  const text = `table inet nft { set s { type ipv4_addr; size ${LARGEST}; }\n}\nadd element inet nft s { ${elements} }\n`;
  const start = performance.now();
  execFileSync('ip', ['netns', 'exec', namespace.name, 'nft', '-f', '-'], { input: text });
  return rounded(performance.now() - start);
}
