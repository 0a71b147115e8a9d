import { execFileSync } from 'node:child_process';
import { seconds } from '../../core/base/time.ts';
import { openNft } from '../../native/nft/index.ts';
import type { NftOp, NftPort } from '../../native/nft/port.ts';
import { add, done, keys, tenth } from '../contract/nft-suite-ground.ts';
import { NetworkNamespace } from '../support/network-namespace.ts';

/**
 * Figures of the nftables port in a namespace of its own; the last line is JSON. Not a test: nothing fails when it is
 * slow. Run as root: `node dist/test/bench/nft-quick.js`.
 */
const SINGLES = 5000;
const BULK = 100_000;
const CHUNK = 10_000;

const round = (n: number): number => Math.round(n * 10) / 10;
const quantile = (sorted: readonly number[], q: number): number => sorted[Math.floor(sorted.length * q)] ?? Number.NaN;

async function singles(port: NftPort): Promise<{ readonly p50: number; readonly p99: number }> {
  const taken: number[] = [];
  for (let i = 0; i < SINGLES; i++) {
    const op = add('single', tenth(i), { timeout: seconds(3600), comment: '0198c7d2-4a5e-7cc3-8f00-1234567890ab' });
    const start = performance.now();
    done(await port.commit('bench', [op]));
    taken.push((performance.now() - start) * 1000);
  }
  taken.sort((a, b) => a - b);
  return { p50: round(quantile(taken, 0.5)), p99: round(quantile(taken, 0.99)) };
}

async function bulk(port: NftPort, set: string, make: (i: number) => NftOp): Promise<number> {
  const chunks = Array.from({ length: BULK / CHUNK }, (_, c) =>
    Array.from({ length: CHUNK }, (_, i) => make(c * CHUNK + i)),
  );
  const start = performance.now();
  for (const result of await Promise.all(chunks.map((chunk) => port.commit('bench', chunk)))) done(result);
  const taken = performance.now() - start;
  if ((await keys(port, 'bench', set)).length !== BULK) throw new Error(`${set} does not hold what was loaded`);
  return round(taken);
}

const namespace = new NetworkNamespace('bench');
const port = done(await openNft({ netns: namespace.name }));
try {
  const hash = { family: 4, interval: false } as const;
  done(
    await port.ensure({
      name: 'bench',
      sets: [
        { name: 'single', ...hash, timeout: true, size: 65_536 },
        { name: 'timed', ...hash, timeout: true, size: 262_144 },
        { name: 'plain', ...hash, timeout: false, size: 262_144 },
      ],
      chains: [],
    }),
  );
  await singles(port);
  done(await port.commit('bench', [{ kind: 'flush', set: 'single' }]));
  const single = await singles(port);
  const plain = await bulk(port, 'plain', (i) => add('plain', tenth(i)));
  const timed = await bulk(port, 'timed', (i) => add('timed', tenth(i), { timeout: seconds(3600) }));
  const again = await bulk(port, 'timed', (i) => add('timed', tenth(i), { timeout: seconds(3600) }));
  const text = `table inet nft { set s { type ipv4_addr; size 262144; }\n}\nadd element inet nft s { ${Array.from({ length: BULK }, (_, i) => tenth(i)).join(', ')} }\n`;
  const start = performance.now();
  execFileSync('ip', ['netns', 'exec', namespace.name, 'nft', '-f', '-'], { input: text });
  const nft = round(performance.now() - start);
  console.log(
    JSON.stringify({
      single_add_p50_us: single.p50,
      single_add_p99_us: single.p99,
      load_100k_plain_ms: plain,
      load_100k_timeout_ms: timed,
      load_100k_timeout_again_ms: again,
      nft_f_100k_plain_ms: nft,
    }),
  );
} finally {
  await port.close();
  namespace.dispose();
}
