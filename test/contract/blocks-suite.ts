import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockBuilder } from '../../actors/segments/block-builder.ts';
import { COMPRESSION } from '../../actors/segments/block-codec.ts';
import { PlainBlocks } from '../../actors/segments/plain-blocks.ts';
import type { KeptLine } from '../../core/event/kept.ts';
import type { BlockColumn, BlockPort, BlockRows } from '../../native/blocks/port.ts';
import { keptLine } from '../support/kept-lines.ts';
import { fc } from '../support/random.ts';

const PLACE = { first: 7, generation: 3 };
const MOMENTS: BlockColumn = { kind: 'steps', id: 1, group: 0, values: Float64Array.of(5, 3, 2 ** 51, 9) };
const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  // Halves of surrogate pairs, which no UTF-8 can say.
  fc.array(fc.integer({ min: 0xd7f0, max: 0xe010 }), { maxLength: 4 }).map((units) => String.fromCharCode(...units)),
  fc.ipV4(),
  fc.ipV6(),
);
const number = fc.oneof(
  fc.nat(300),
  fc.constantFrom(Number.NaN, -0, 0xfe, 0xff, 0xfffe, 0xffff, 2 ** 32 - 2, 2 ** 32 - 1, 2 ** 51, 2 ** 51 + 1),
  fc.double(),
);
const LENGTH = 12;
const numbers = fc.array(number, { minLength: LENGTH, maxLength: LENGTH }).map((list) => Float64Array.from(list));

const dictionary = fc
  .record({
    texts: fc.array(text, { maxLength: 5 }),
    picks: fc.array(fc.nat(), { minLength: LENGTH, maxLength: LENGTH }),
    field: fc.option(fc.constantFrom('ip', 'user'), { nil: undefined }),
    more: fc.array(fc.integer(), { maxLength: 3 }),
    name: fc.option(text, { nil: undefined }),
  })
  .map(
    ({ texts, picks, field, more, name }): BlockColumn => ({
      kind: 'dictionary',
      id: name === undefined ? 4 : 255,
      group: 1,
      ids: Uint16Array.from(picks, (pick) => pick % (texts.length + 1)),
      texts,
      ...(name === undefined ? {} : { name }),
      ...(field && { terms: { field, areAddresses: field === 'ip', more: Int32Array.from(more) } }),
    }),
  );

const messages = fc.array(text, { minLength: LENGTH, maxLength: LENGTH }).map((list): BlockColumn => {
  let end = 0;
  const ends = Uint32Array.from(list, (one) => {
    end += Buffer.byteLength(one);
    return end;
  });
  return { kind: 'bytes', id: 9, group: 2, bytes: Buffer.concat(list.map((one) => Buffer.from(one))), ends };
});

/** Rows as no builder gathers them. */
const anyRows = fc
  .record({
    at: numbers,
    lanes: fc.array(fc.nat(3), { minLength: LENGTH, maxLength: LENGTH }),
    dictionaries: fc.array(dictionary, { maxLength: 3 }),
    values: numbers,
    from: fc.nat(LENGTH),
    count: fc.nat(LENGTH),
    isFinal: fc.boolean(),
    level: fc.constantFrom(1, 3),
    tiny: fc.constantFrom(0, 16, 256),
  })
  .map(({ at, lanes, dictionaries, values, from, count, isFinal, level, tiny }): BlockRows => {
    const place = { id: 1, group: 0, kind: 'steps' } as const;
    const columns: BlockColumn[] = [
      { ...place, values: at },
      ...dictionaries,
      { kind: 'number', id: 3, group: 0, values },
    ];
    columns.push({ ...place, id: 2, values: at.map(Math.abs), lanes: Uint16Array.from(lanes) });
    return { columns, from, to: Math.min(LENGTH, from + count), isFinal, groups: 4, words: 3, level, tiny };
  });

/** What packs blocks packs them as told in words by `PlainBlocks`. */
export function blockSuite(name: string, open: () => BlockPort): void {
  test(`${name}: any lines are packed into the same bytes`, () => {
    const [builder, plain] = [new BlockBuilder(64, open()), new BlockBuilder(64, new PlainBlocks())];
    fc.assert(
      fc.property(
        fc.array(keptLine, { minLength: 1, maxLength: 6 }),
        fc.nat(5),
        fc.boolean(),
        (lines, skip, isFinal) => {
          const rows = { from: isFinal ? 0 : Math.min(skip, lines.length), to: lines.length };
          const [block, expected] = [builder, plain].map((one) => {
            one.clear();
            for (const line of lines) one.add(line);
            return one.write(rows, { ...PLACE, isFinal });
          });
          assert.deepEqual(block, expected);
          assert.deepEqual(builder.terms.toSorted(), plain.terms.toSorted());
        },
      ),
    );
  });

  test(`${name}: any rows are packed into the same parts`, () => {
    const [port, plain] = [open(), new PlainBlocks()];
    fc.assert(
      fc.property(anyRows, messages, (rows, message) => {
        const all = { ...rows, columns: [...rows.columns, message] };
        assert.deepEqual(partsOf(port, all), partsOf(plain, all));
      }),
    );
  });

  test(`${name}: a full block of many words, users and addresses is packed the same`, () => {
    const [block, expected] = [open(), new PlainBlocks()].map((port) => {
      const builder = new BlockBuilder(undefined, port);
      for (let i = 0; !builder.isFull; i++) builder.add(numbered(i));
      return builder.write({ from: 0, to: builder.rows }, { ...PLACE, isFinal: true });
    });
    assert.deepEqual(block, expected);
  });

  test(`${name}: one engine packs large, tiny and incompressible groups in turn as well as each by itself`, () => {
    const port = open();
    const group = (bytes: Uint8Array): BlockRows => {
      const message: BlockColumn = { kind: 'bytes', id: 2, group: 0, bytes, ends: Uint32Array.of(bytes.length) };
      return { from: 0, to: 1, isFinal: true, columns: [MOMENTS, message], groups: 2, words: 1, ...COMPRESSION };
    };
    const noise = Uint8Array.from({ length: 70_000 }, (_, i) => Math.imul(i ^ (i >>> 3), 0x9e3779b1) >>> 24);
    const even = new Uint8Array(300_000).fill(97);
    for (const bytes of [even, Uint8Array.of(98), noise, even.subarray(0, 257), noise.subarray(0, 400), even]) {
      assert.deepEqual(partsOf(port, group(bytes)), partsOf(new PlainBlocks(), group(bytes)));
    }
  });

  test(`${name}: rows that are none are a bug, and thrown`, () => {
    const port = open();
    const rows: BlockRows = { from: 0, to: 4, isFinal: true, columns: [MOMENTS], groups: 2, words: 1, ...COMPRESSION };
    assert.equal(port.pack(rows).maxAt, 2 ** 51);
    assert.throws(() => port.pack({ ...rows, columns: [] }), RangeError);
  });
}

function partsOf(port: BlockPort, rows: BlockRows) {
  const { bloom, columns, groups, terms, ...rest } = port.pack(rows);
  return {
    ...rest,
    columns: [...columns],
    bloom: Buffer.from(bloom),
    groups: groups.map(({ raw, stored }) => [raw, Buffer.from(stored)]),
    terms: terms.toSorted(),
  };
}

const numbered = (i: number): KeptLine =>
  ({
    at: 1_700_000_000_000 + i * 7,
    provenance: 'file',
    category: 'authentication',
    outcome: 'failure',
    action: 'ssh_failed_password',
    position: { source: `s${i % 3}`, offset: i * 100 },
    message: `Failed password for user${i % 700} from 10.${i % 7}.${i % 200}.${i % 251} port ${1024 + i} ssh${'x'.repeat(i % 50)}`,
    user: `user${i % 700}`,
    pid: i * 17,
    sourceIp: i % 5 === 0 ? `2001:db8::${(i % 999) + 1}` : `10.${i % 7}.${i % 200}.${i % 251}`,
  }) as KeptLine;
