import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCidr } from '../../core/base/ip.ts';
import type { NftOp } from '../../native/nft/port.ts';
import { fc } from '../support/random.ts';
import { add, done, flush, type Ground, refused, remove } from './nft-suite-ground.ts';

/** What a set should hold: a plain list, searched from end to end. */
type Model = ReadonlyMap<string, string>;

/** The model after the batch, or the op that fails it. */
function play(before: Model, ops: readonly NftOp[]): { readonly after: Model } | { readonly failedOp: number } {
  const after = new Map(before);
  for (const [i, op] of ops.entries()) {
    if (op.kind === 'flush') {
      after.clear();
    } else if (op.kind === 'delete') {
      if (!after.delete(op.key)) return { failedOp: i };
    } else if (!after.has(op.key)) {
      if ([...after.keys()].some((key) => collide(key, op.key))) return { failedOp: i };
      after.set(op.key, op.comment ?? '');
    }
  }
  return { after };
}

/** Whether two networks share an address, by their first and last ones as numbers. */
function collide(a: string, b: string): boolean {
  const [x, y] = [rangeOf(a), rangeOf(b)];
  return x.first <= y.last && y.first <= x.last;
}

function rangeOf(text: string): { readonly first: bigint; readonly last: bigint } {
  const net = parseCidr(text);
  assert.ok(net.ok);
  const width = BigInt(net.value.bytes.length * 8);
  const first = BigInt(`0x${Buffer.from(net.value.bytes).toString('hex')}`);
  return { first, last: first + (1n << (width - BigInt(net.value.prefix))) - 1n };
}

const network = (bits: 4 | 6): fc.Arbitrary<string> =>
  fc
    .record({
      top: fc.constantFrom(0, 1, 0x7f, 0x80, 0xfe, 0xff),
      next: fc.constantFrom(0, 1, 0xff),
      prefix: fc.integer({ min: 0, max: 17 }),
    })
    .map(({ top, next, prefix }) => {
      const group = ((top << 8) | next).toString(16);
      const text = bits === 4 ? `${top}.${next}.0.0/${prefix}` : `${group}::/${prefix}`;
      const net = parseCidr(text);
      return net.ok ? net.value.text : '10.0.0.0/8';
    });

const address = (bits: 4 | 6): fc.Arbitrary<string> =>
  fc.integer({ min: 1, max: 8 }).map((i) => (bits === 4 ? `192.0.2.${i}` : `2001:db8::${i}`));

const batches = (set: string, key: fc.Arbitrary<string>): fc.Arbitrary<NftOp[][]> => {
  const op = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(key, fc.integer({ min: 0, max: 999 })).map(([k, n]) => add(set, k, { comment: `${n}` })),
    },
    { weight: 3, arbitrary: key.map((k) => remove(set, k)) },
    { weight: 1, arbitrary: fc.constant(flush(set)) },
  );
  return fc.array(fc.array(op, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 8 });
};

export function randomCases(ground: () => Ground): void {
  for (const [set, key] of [
    ['v4', address(4)],
    ['v6', address(6)],
    ['net4', network(4)],
    ['net6', network(6)],
  ] as const) {
    test(`random batches on ${set} leave what a plain model holds`, async () => {
      const { bench, port, table } = ground();
      const name = await table();
      const sequence = fc.asyncProperty(batches(set, key), async (all) => {
        done(await port.commit(name, [flush(set)]));
        let model: Model = new Map();
        for (const ops of all) {
          const expected = play(model, ops);
          const result = await port.commit(name, ops);
          if ('after' in expected) {
            done(result);
            model = expected.after;
          } else {
            const failed = ops[expected.failedOp];
            refused(result, failed?.kind === 'delete' ? 'missing' : 'exists', expected.failedOp);
          }
          const listed = done(await port.list(name, set)).map((element) => [element.key, element.comment ?? '']);
          assert.deepEqual(new Map(listed as [string, string][]), new Map(model));
          assert.equal(listed.length, model.size);
        }
      });
      await fc.assert(sequence, { numRuns: bench.runs });
    });
  }
}
