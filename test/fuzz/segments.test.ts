import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Block } from '../../actors/segments/block.ts';
import { decodeGroup, decodeHeader, encodeBlock, storedGroup } from '../../actors/segments/block-codec.ts';
import { SegmentWriter, searchSegments, segmentDisk, verifySegments } from '../../actors/segments/index.ts';
import { GROUPS } from '../../actors/segments/layout.ts';
import { encodeSegmentHeader } from '../../actors/segments/segment-file.ts';
import { compileSelection } from '../../actors/segments/select.ts';
import { rowsWithWords } from '../../actors/segments/words-needed.ts';
import type { KeptLine } from '../../core/event/kept.ts';
import { EVENT_FIELDS } from '../../core/query/event-fields.ts';
import { needOf } from '../../core/query/plan.ts';
import { EVERYTHING } from '../../core/query/tree.ts';
import { fuzzAsync } from '../support/fuzz.ts';
import { keptLine } from '../support/kept-lines.ts';
import { eventNode } from '../support/queries.ts';
import { fc, SEED } from '../support/random.ts';
import { ROOT } from '../support/root.ts';
import { queryOf } from '../support/segment-directory.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';
import { temporary } from '../support/store-directory.ts';

const CORPUS = join(ROOT, 'test/fixtures/fuzz/segments');

/** The kept corpus: a sealed segment, and an open one with its tail. `BARTIZAN_RENEW_GOLDENS=1` makes it anew. */
async function corpus(): Promise<{ readonly files: ReadonlyMap<string, Buffer>; readonly lines: ReadonlySet<string> }> {
  if (process.env['BARTIZAN_RENEW_GOLDENS'] === '1') await renew();
  const files = new Map<string, Buffer>();
  for (const name of await readdir(CORPUS)) files.set(name, await readFile(join(CORPUS, name)));
  const lines = JSON.parse(String(files.get('lines.json'))) as KeptLine[];
  files.delete('lines.json');
  return { files, lines: new Set(lines.map((line) => canonical(line))) };
}

async function renew(): Promise<void> {
  await rm(CORPUS, { recursive: true, force: true });
  await mkdir(CORPUS, { recursive: true });
  const lines = fc.sample(keptLine, { numRuns: 75, seed: 4 });
  const limits = { rows: 16, blocks: 3, tailBlocks: 4, pending: 1 << 20 };
  const writer = new SegmentWriter({ disk: segmentDisk(CORPUS), clock: new SimulatedClock(), limits });
  await writer.open(undefined);
  for (const [i, line] of lines.entries()) {
    writer.keep(line);
    if (i > 66) await writer.mark();
  }
  await writer.mark();
  await writer.close();
  await writeFile(join(CORPUS, 'lines.json'), JSON.stringify(lines, undefined, 1));
}

/** Members sorted, so that equal lines are equal texts. */
const canonical = (line: unknown): string =>
  JSON.stringify(line, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );

async function found(directory: string): Promise<readonly KeptLine[]> {
  const lines: KeptLine[] = [];
  for await (const event of searchSegments(directory, { ...EVERYTHING, limit: 10_000 })) {
    if (event.kind === 'rows') lines.push(...event.rows.map(({ line }) => line));
  }
  return lines;
}

test('what was stored by an earlier version of the program is read by this one', async () => {
  const { files, lines } = await corpus();
  const directory = await temporary();
  for (const [name, bytes] of files) await writeFile(join(directory, name), bytes);
  assert.deepEqual(new Set((await found(directory)).map(canonical)), lines);
});

test('damaged segments give lines that were stored, or none; nothing throws', async () => {
  const { files, lines } = await corpus();
  const directory = await temporary();
  const names = ['0000000001.events', '0000000001.open', '0000000001.tail-1', '0000000002.open', '0000000002.tail-9'];
  let [read, whole] = [0, 0];
  const runs = await fuzzAsync('segment-files', [...files.values()], async (mutator) => {
    for (const name of names) await rm(join(directory, name), { force: true });
    for (let i = mutator.below(3); i >= 0; i--) {
      await writeFile(join(directory, names[mutator.below(names.length)] ?? ''), mutator.mutant());
    }
    for (const line of await found(directory)) {
      assert.ok(lines.has(canonical(line)), `seed ${SEED}: ${canonical(line)}`);
      read++;
    }
    for await (const event of verifySegments(directory)) if (event.kind === 'segment' && event.damaged === 0) whole++;
  });
  assert.ok(read > runs, `only ${read} lines in ${runs} runs`);
  assert.ok(whole < runs * 2, 'hardly anything was damaged');
});

test('rows that make no sense under checksums that fit are damage, in bounded memory', async () => {
  const { files } = await corpus();
  const segment = files.get('0000000001.events') ?? Buffer.alloc(0);
  const block = segment.subarray(32);
  const bytes = block.subarray(0, block.readUInt32LE(8));
  const header = decodeHeader(bytes.subarray(0, bytes.readUInt32LE(12)));
  const groups = GROUPS.map((group) => {
    const { at, stored, ...rest } = header.groups[group];
    return decodeGroup(bytes.subarray(at, at + stored), rest);
  });
  const directory = await temporary();
  const queries = fc.sample(eventNode, { numRuns: 40, seed: SEED }).flatMap((where) => {
    const select = compileSelection({ where });
    return select.ok ? [{ select: select.value, need: needOf(where, EVENT_FIELDS) }] : [];
  });
  let damaged = 0;
  const runs = await fuzzAsync('segment-rows', groups, async (mutator) => {
    const hurt = encodeBlock({
      ...header,
      rows: mutator.below(4) === 0 ? mutator.below(2 ** 14) : header.rows,
      columns: [...header.columns],
      extents: [...header.extents.values()],
      groups: groups.map((group) => storedGroup(mutator.below(2) === 0 ? Buffer.from(mutator.mutant()) : group)),
    });
    const file = Buffer.concat([encodeSegmentHeader({ segment: 1, madeAt: 0 }), hurt]);
    await writeFile(join(directory, '0000000001.open'), file);
    await found(directory);
    for await (const event of verifySegments(directory)) if (event.kind === 'damage') damaged++;
    const read = new Block(decodeHeader(hurt.subarray(0, hurt.readUInt32LE(12))), (at, length) =>
      hurt.subarray(at, at + length),
    );
    try {
      const query = queries[mutator.below(queries.length)];
      query?.select(read, rowsWithWords(query.need, read));
    } catch (thrown) {
      assert.equal((thrown as Error).constructor.name, 'Damage', String(thrown));
    }
  });
  assert.ok(damaged > runs / 4, `${damaged} of ${runs}`);
});

test('any bytes are a directory of segments to be searched', async () => {
  const directory = await temporary();
  const query = queryOf('root user exists | count by user');
  await fuzzAsync(
    'segment-directory',
    [Buffer.from('BARTSEG\n'), Buffer.from('BZBK'), Buffer.alloc(200)],
    async (mutator) => {
      await writeFile(join(directory, '0000000001.events'), mutator.mutant());
      for await (const event of searchSegments(directory, query)) {
        if (event.kind === 'end') assert.equal(event.counted?.total, 0);
      }
    },
  );
});
