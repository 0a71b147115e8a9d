import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCidr } from '../../core/base/ip.ts';
import type { NftOp, NftPort, PackedKeys } from '../../native/nft/port.ts';
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

  for (const [set, key] of [
    ['v4', address(4)],
    ['v6', address(6)],
    ['net4', network(4)],
    ['net6', network(6)],
  ] as const) {
    test(`random loads between batches on ${set} leave what a plain model holds, as found and counted`, async () => {
      const { bench, port, table } = ground();
      const name = await table();
      const sequence = fc.asyncProperty(steps(set, key), fc.array(key, { maxLength: 6 }), async (all, asked) => {
        done(await port.commit(name, [flush(set)]));
        let model: Model = new Map();
        for (const step of all) {
          const expected = play(model, step.ops);
          const failed = 'failedOp' in expected ? expected.failedOp : undefined;
          if (step.kind === 'load') model = await loaded(port, name, set, { ...step, failed, model });
          else if (failed === undefined) done(await port.commit(name, step.ops));
          else assert.equal((await port.commit(name, step.ops)).ok, false);
          if ('after' in expected) model = expected.after;
          await agrees(port, name, set, { model, asked: [...asked, ...model.keys()] });
        }
      });
      await fc.assert(sequence, { numRuns: bench.runs });
    });
  }
}

interface Step {
  readonly kind: 'load' | 'commit';
  /** Of a load: what it comes to, all of them adds. */
  readonly ops: readonly NftOp[];
}

const steps = (set: string, key: fc.Arbitrary<string>): fc.Arbitrary<Step[]> => {
  const loads = fc
    .array(fc.tuple(key, fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 8 })
    .map((all): Step => ({ kind: 'load', ops: all.map(([k, n]) => add(set, k, { comment: uuid(n) })) }));
  const commits = batches(set, key).map((all): Step[] => all.slice(0, 3).map((ops) => ({ kind: 'commit', ops })));
  return fc.array(fc.oneof(loads, commits), { minLength: 1, maxLength: 6 }).map((all) => all.flat());
};

const uuid = (n: number): string =>
  Buffer.alloc(16, n)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

/** The adds of a load as its columns. */
function columns(ops: readonly NftOp[]): PackedKeys {
  const adds = ops.flatMap((op) => (op.kind === 'add' ? [op] : []));
  const nets = adds.map(({ key }) => {
    const net = parseCidr(key);
    assert.ok(net.ok);
    return net.value;
  });
  const ids = adds.map(({ comment = '' }) => Buffer.from(comment.replaceAll('-', ''), 'hex'));
  const prefixes = adds.some(({ key }) => key.includes('/'))
    ? { prefixes: Uint8Array.from(nets, (n) => n.prefix) }
    : {};
  const family = nets[0]?.bytes.length === 16 ? 6 : 4;
  return {
    family,
    bytes: Uint8Array.from(nets.flatMap(({ bytes }) => [...bytes])),
    ids: Buffer.concat(ids),
    ...prefixes,
  };
}

/** Loads, and says what stands then: of a load that fails, so many keys as it says. */
async function loaded(
  port: NftPort,
  name: string,
  set: string,
  { ops, failed, model }: Step & { readonly failed: number | undefined; readonly model: Model },
): Promise<Model> {
  const result = await port.load(name, set, columns(ops));
  if (failed === undefined) {
    done(result);
    return model;
  }
  const { loaded: count = -1 } = refused(result, 'exists', failed);
  assert.ok(count >= 0 && count <= failed, `${count}`);
  const stands = play(model, ops.slice(0, count));
  assert.ok('after' in stands);
  return stands.after;
}

/** What is listed, found and counted is what the model holds. */
async function agrees(
  port: NftPort,
  name: string,
  set: string,
  { model, asked }: { readonly model: Model; readonly asked: readonly string[] },
): Promise<void> {
  const listed = done(await port.list(name, set)).map((element) => [element.key, element.comment ?? '']);
  assert.deepEqual(new Map(listed as [string, string][]), new Map(model));
  const found = done(await port.find(name, set, asked));
  assert.deepEqual(
    found.map((element) => element && (element.comment ?? '')),
    asked.map((key) => model.get(key)),
  );
  const count = done(await port.count(name, set));
  if (count !== 'unknown') assert.equal(count, model.size);
}
