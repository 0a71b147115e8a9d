import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Block } from '../../../../actors/segments/block.ts';
import { BlockBuilder } from '../../../../actors/segments/block-builder.ts';
import { decodeHeader } from '../../../../actors/segments/block-codec.ts';
import { countRows } from '../../../../actors/segments/count.ts';
import { COLUMNS } from '../../../../actors/segments/layout.ts';
import { compileSelection } from '../../../../actors/segments/select.ts';
import { blockSummary } from '../../../../actors/segments/summaries.ts';
import { rowsWithWords } from '../../../../actors/segments/words-needed.ts';
import type { KeptLine } from '../../../../core/event/kept.ts';
import { fieldNamed } from '../../../../core/query/catalogue.ts';
import { compileFilter } from '../../../../core/query/evaluate.ts';
import { EVENT_FIELDS } from '../../../../core/query/event-fields.ts';
import { mayMatch, needOf } from '../../../../core/query/plan.ts';
import { valuesOf } from '../../../../core/query/records.ts';
import { Tally } from '../../../../core/query/tally.ts';
import type { Node } from '../../../../core/query/tree.ts';
import { keptLine } from '../../../support/kept-lines.ts';
import { eventNode, eventQuery } from '../../../support/queries.ts';
import { fc } from '../../../support/random.ts';

const builder = new BlockBuilder();

function blockOf(lines: readonly KeptLine[], from = 0): Block {
  builder.clear();
  for (const line of lines) builder.add(line);
  return read(builder.write({ from, to: lines.length }, { first: from, generation: 1, isFinal: true }));
}

function read(bytes: Buffer): Block {
  const header = decodeHeader(bytes.subarray(0, bytes.readUInt32LE(12)));
  return new Block(header, (at, length) => bytes.subarray(at, at + length));
}

const linesOf = (block: Block): KeptLine[] => Array.from({ length: block.rows }, (_, row) => block.line(row));
const lines = fc.array(keptLine, { minLength: 1, maxLength: 6 });
/** Lines take long to make up; the fuzz target of the reader tries many more. */
const FEW = { numRuns: 40 };

test('every line comes back as it was kept, from any row on', () => {
  fc.assert(
    fc.property(lines, fc.nat(5), (kept, skip) => {
      const from = Math.min(skip, kept.length - 1);
      assert.deepEqual(linesOf(blockOf(kept, from)), kept.slice(from));
    }),
    FEW,
  );
});

test('numbers that no parser makes come back too', () => {
  const line = { ...fc.sample(keptLine, 1)[0], position: { source: 'a', offset: 2 ** 53 - 1 }, pid: -1.5 } as KeptLine;
  assert.deepEqual(linesOf(blockOf([line, { ...line, pid: 2 ** 52 } as KeptLine])), [line, { ...line, pid: 2 ** 52 }]);
});

test('a full block of distinct values comes back', () => {
  const kept = Array.from({ length: 4096 }, (_, i) => ({
    ...({ at: 1_700_000_000_000 + i * 7, provenance: 'file', category: 'other', outcome: 'unknown' } as object),
    action: `action ${i}`,
    position: { source: `s${i % 3}`, offset: i * 100 },
    message: `message number ${i} of many ${'x'.repeat(i % 50)}`,
    user: `user${i}`,
  })) as unknown as KeptLine[];
  const block = blockOf(kept);
  assert.ok(builder.isFull);
  assert.deepEqual(linesOf(block), kept);
});

test('whole columns select what the filter of a line selects', () => {
  fc.assert(
    fc.property(eventQuery, lines, (query, kept) => {
      const [select, filter] = [compileSelection(query), compileFilter(query, EVENT_FIELDS)];
      assert.ok(select.ok && filter.ok);
      assert.deepEqual(
        [...select.value(blockOf(kept))],
        kept.map((line) => (filter.value(line) ? 1 : 0)),
      );
    }),
    FEW,
  );
});

const word = fc
  .constantFrom(
    'root',
    'ROOT',
    'failed password',
    '203.0.113.5',
    'ops',
    'k',
    'kelvin',
    'session opened',
    'sshd:session',
  )
  .map((value): Node => ({ op: 'text', value }));

test('rows whose words are not those of a query do not match it', () => {
  let ruledOut = 0;
  fc.assert(
    fc.property(word, word, eventNode, lines, (one, other, part, some) => {
      const where: Node = { op: 'and', of: [{ op: 'or', of: [one, { op: 'and', of: [other, part] }] }, other] };
      const kept = [...some, ...some.toReversed()];
      const block = blockOf(kept);
      const among = rowsWithWords(needOf(where, EVENT_FIELDS), block);
      if (among?.includes(0) !== true) return;
      ruledOut++;
      const select = compileSelection({ where });
      assert.ok(select.ok);
      assert.deepEqual(select.value(block, among), select.value(block));
    }),
    FEW,
  );
  assert.ok(ruledOut > 0, `only ${ruledOut} blocks had rows ruled out`);
});

test('a block is passed over only when no line of it matches', () => {
  fc.assert(
    fc.property(eventNode, fc.array(keptLine, { minLength: 1, maxLength: 4 }), (where, kept) => {
      const block = blockOf(kept);
      if (mayMatch(needOf(where, EVENT_FIELDS), blockSummary(block.header))) return;
      const select = compileSelection({ where });
      assert.ok(select.ok);
      assert.equal(select.value(block).includes(1), false);
    }),
    FEW,
  );
});

test('counting columns counts what counting lines counts', () => {
  fc.assert(
    fc.property(eventQuery, lines, ({ count = { by: [] } }, kept) => {
      const [columns, plain] = [new Tally(count), new Tally(count)];
      countRows(blockOf(kept), new Uint8Array(kept.length).fill(1), count, columns);
      for (const line of kept) plain.add(line.at, valuesOf(line, count.by, EVENT_FIELDS));
      const sorted = (tally: Tally) => {
        const { rows, ...rest } = tally.result();
        return {
          ...rest,
          counts: rows.map((row) => row.count).sort(),
          rows: new Set(rows.map((row) => JSON.stringify(row))),
        };
      };
      if (count.top === undefined) assert.deepEqual(sorted(columns), sorted(plain));
    }),
    FEW,
  );
});

test('every field that can be searched is a column, and every column a field', () => {
  const columns = Object.values(COLUMNS).map(({ field }) => field);
  assert.deepEqual(columns.toSorted(), EVENT_FIELDS.fields.map(({ name }) => name).toSorted());
  assert.equal(new Set(Object.values(COLUMNS).map(({ id }) => id)).size, columns.length);
  assert.ok(fieldNamed(EVENT_FIELDS, 'fields.x'));
});
