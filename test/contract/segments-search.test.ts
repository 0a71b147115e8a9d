import assert from 'node:assert/strict';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventPages, Segments, searchSegments, startSearcher, verifySegments } from '../../actors/segments/index.ts';
import { sealedName } from '../../actors/segments/segment-file.ts';
import { type days, millis, seconds } from '../../core/base/time.ts';
import { answer, FIRST, failures, gather, queryOf, writing } from '../support/segment-directory.ts';
import { until } from '../support/until.ts';

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.abs(to - from) }, (_, i) => (from < to ? from + i : from - i));

test('newest first or oldest first, over sealed segments, the open one and its tail', async () => {
  const { directory, keep } = await writing();
  await keep(failures(150));
  await keep(failures(3, 150));
  assert.deepEqual((await answer(directory, '| limit 200')).numbers, range(152, -1));
  assert.deepEqual((await answer(directory, '| oldest | limit 5')).numbers, range(0, 5));
  const rare = await answer(directory, 'port = 1030');
  assert.deepEqual(rare.numbers, [6]);
  assert.equal(rare.end.progress.read, 1, 'the other blocks are passed over by their extents');
  assert.deepEqual((await answer(directory, 'password "number 77"')).numbers, [77]);
  assert.deepEqual((await answer(directory, '203.0.113.7 user = root')).numbers, [7]);
});

test('a page stops reading when it is full, and the pages together are everything, once', async () => {
  const { directory, keep } = await writing();
  await keep(failures(200));
  const first = await answer(directory, '| limit 20');
  assert.ok(first.end.progress.read <= 3, `read ${first.end.progress.read} blocks`);
  for (const order of ['newest', 'oldest']) {
    const seen: number[] = [];
    let next: string | undefined;
    do {
      const page = await answer(
        directory,
        `user = root | ${order} | limit 7${next === undefined ? '' : ` | after ${next}`}`,
      );
      seen.push(...page.numbers);
      next = page.end.next;
    } while (next !== undefined);
    const roots = range(0, 200).filter((n) => n % 7 === 0);
    assert.deepEqual(seen, order === 'newest' ? roots.reverse() : roots);
  }
});

test('lines of one moment are told apart by their place, page by page', async () => {
  const { directory, keep } = await writing();
  await keep(failures(70).map((line) => ({ ...line, at: millis(FIRST) })));
  const seen: number[] = [];
  let next: string | undefined;
  do {
    const page = await answer(directory, `| limit 9${next === undefined ? '' : ` | after ${next}`}`);
    seen.push(...page.numbers);
    next = page.end.next;
  } while (next !== undefined);
  assert.deepEqual(seen, range(69, -1));
});

test('lines that come out of order, as of several sources, come back in order', async () => {
  const { directory, keep } = await writing();
  const lines = failures(120);
  await keep(lines.filter((_, n) => n % 3 === 1));
  await keep(lines.filter((_, n) => n % 3 !== 1).reverse());
  assert.deepEqual((await answer(directory, '| limit 50')).numbers, range(119, 69));
});

test('a cursor stands while lines are added and segments dropped', async () => {
  const { directory, keep } = await writing();
  await keep(failures(130));
  const first = await answer(directory, '| limit 30');
  await keep(failures(40, 130));
  await rm(join(directory, sealedName(1)));
  const second = await answer(directory, `| limit 100 | after ${first.end.next}`);
  assert.deepEqual([...first.numbers, ...second.numbers], range(129, 63), 'the first segment held 64 lines');
});

test('a segment that is dropped while it is searched ends the search, not breaks it', async () => {
  const { directory, keep } = await writing();
  await keep(failures(130));
  const seen: number[] = [];
  for await (const event of searchSegments(directory, queryOf('| limit 1000'))) {
    if (event.kind === 'rows') seen.push(...event.rows.map(({ line }) => line.position.offset / 100));
    await rm(join(directory, sealedName(1)), { force: true });
  }
  assert.deepEqual(seen.slice(0, 66), range(129, 63));
});

test('counts: by field, by time, and of everything', async () => {
  const { directory, keep } = await writing();
  await keep(failures(100));
  assert.deepEqual((await answer(directory, '| count')).end.counted?.total, 100);
  assert.deepEqual((await answer(directory, '| count by user top 1')).end.counted?.rows, [
    { values: ['user0'], count: 29 },
  ]);
  assert.deepEqual((await answer(directory, 'user = root | count per 50s')).end.counted?.rows, [
    { at: FIRST, values: [], count: 8 },
    { at: FIRST + 50_000, values: [], count: 7 },
  ]);
});

test('out of time: what is certain is told, and the rest is the next page', async () => {
  const { directory, keep } = await writing();
  await keep(failures(150));
  const { end, numbers } = await answer(directory, '| limit 500', { budget: millis(0) });
  assert.deepEqual([end.complete, numbers], [false, []]);
  const rest = await answer(directory, `| limit 500 | after ${end.next}`);
  assert.deepEqual([rest.end.complete, rest.numbers], [true, range(149, -1)]);
});

test('a damaged block is told and passed over; the rest is found', async () => {
  const { directory, keep } = await writing();
  await keep(failures(150));
  const path = join(directory, sealedName(1));
  const bytes = await readFile(path);
  const hurt = Buffer.from(bytes);
  const at = bytes.indexOf('BZBK', 200, 'latin1');
  hurt.writeUInt8(bytes.readUInt8(at + 30) ^ 0xff, at + 30);
  await writeFile(path, hurt);
  const { events, numbers } = await answer(directory, '| limit 500');
  assert.deepEqual(events.filter(({ kind }) => kind === 'damage').length, 1);
  assert.deepEqual(
    numbers,
    range(149, -1).filter((n) => n < 16 || n >= 32),
  );
  const verdicts = [];
  for await (const event of verifySegments(directory)) verdicts.push(event);
  assert.deepEqual(
    verdicts.map((event) =>
      event.kind === 'damage' ? event.part.rows : `${event.segment}: ${event.rows} of ${event.blocks} blocks`,
    ),
    [16, '1: 48 of 4 blocks', '2: 64 of 4 blocks', '3: 22 of 2 blocks'],
  );
});

test('a segment without its end is searched by its blocks', async () => {
  const { directory, keep } = await writing();
  await keep(failures(150));
  await truncate(join(directory, sealedName(2)), 3000);
  const { events, numbers } = await answer(directory, '| limit 500');
  assert.match(JSON.stringify(events.find(({ kind }) => kind === 'damage')), /its end is missing/);
  assert.deepEqual(numbers.slice(0, 22), range(149, 127));
  assert.deepEqual(numbers.slice(-64), range(63, -1));
  assert.ok(numbers.length > 64 + 22);
});

test('a search beside a writer at work sees what was there when it began, each line once, and no damage', async () => {
  const { directory, writer } = await writing();
  const { segments, damages } = service(directory);
  let marked = 0;
  const work = (async () => {
    for (let kept = 0; kept < 2000; kept += 5) {
      for (const line of failures(5, kept)) writer.keep(line);
      await writer.mark();
      marked = kept + 5;
    }
  })();
  let searches = 0;
  for (; marked < 2000; searches++) {
    const before = marked;
    const { numbers } = await gather(segments.search(queryOf('| oldest | limit 10000')));
    assert.deepEqual(numbers, range(0, numbers.length));
    assert.ok(numbers.length >= before, `${numbers.length} of ${before}`);
  }
  await work;
  await segments.stop();
  assert.deepEqual(damages, []);
  assert.ok(searches > 10, `only ${searches} searches`);
});

function service(directory: string, keepFor: ReturnType<typeof days> | 'never' = 'never') {
  const clock = { now: () => millis(Date.now()), after: () => () => {} };
  const damages: string[] = [];
  const segments = new Segments({
    directory,
    clock,
    log: () => {},
    retention: () => ({ keepFor, maxBytes: 1 << 30, keepFree: 0 }),
    startSearcher,
    damaged: ({ file }) => damages.push(file),
  });
  return { segments, damages };
}

test('on a thread of its own: rows, progress, refusals, and what is wrong is told', async () => {
  const { directory, keep } = await writing();
  await keep(failures(150));
  const { segments, damages } = service(directory);
  await segments.start();
  const [one, two] = await Promise.all([
    gather(segments.search(queryOf('user = root | limit 500'))),
    gather(segments.search(queryOf('| oldest | limit 3'))),
  ]);
  assert.equal(one.numbers.length, 22);
  assert.deepEqual(two.numbers, [0, 1, 2]);
  const pattern = await gather(segments.search(queryOf('user matches "^R[ou]*t$" | limit 500')));
  assert.deepEqual(pattern.numbers, one.numbers);
  assert.equal((await gather(segments.search(queryOf('user matches "^R" cased')))).numbers.length, 0);
  const refused = [];
  for await (const event of segments.search(queryOf('user matches "(a"'))) refused.push(event);
  assert.deepEqual(
    refused.map(({ kind, ...rest }) => [kind, 'why' in rest && rest.why.startsWith('missing closing )')]),
    [['refused', true]],
  );
  const path = join(directory, sealedName(1));
  await writeFile(path, (await readFile(path)).fill(0, 100, 2000));
  for await (const _ of segments.verify());
  for await (const _ of segments.search(queryOf('root')));
  assert.deepEqual(new Set(damages), new Set([sealedName(1)]));
  const { state, message, counters } = segments.component();
  assert.equal(state, 'degraded');
  assert.match(message ?? '', /cannot be read, the first in 0000000001\.events/);
  assert.equal(counters['segments'], 3);
  await segments.stop();
});

test('a search that is aborted or left ends, and the thread serves the next', async () => {
  const { directory, keep } = await writing();
  await keep(failures(2000));
  const { segments } = service(directory);
  await segments.start();
  const controller = new AbortController();
  const searching = gather(segments.search(queryOf('nothing | count'), { signal: controller.signal }));
  controller.abort(new Error('enough'));
  await assert.rejects(searching, /enough/);
  for await (const event of segments.search(queryOf('| limit 2000'))) if (event.kind === 'rows') break;
  assert.equal((await gather(segments.search(queryOf('| limit 1')))).numbers.length, 1);
  await segments.stop();
});

test('a page as a whole: what is found in its time, bounded, and how to go on', async () => {
  const { directory, keep } = await writing();
  await keep(failures(150));
  const { segments } = service(directory);
  await segments.start();
  const pages = eventPages(segments);
  const { signal } = new AbortController();
  const page = await pages.page(queryOf('user = root | limit 5'), { budget: seconds(9), signal });
  assert.ok(page.ok);
  assert.deepEqual([page.value.rows.length, page.value.complete, page.value.unreadable], [5, true, 0]);
  assert.ok(page.value.next);
  const none = await pages.page(queryOf('message matches "number 1$"'), { budget: millis(0), signal });
  assert.ok(none.ok && none.value.next);
  assert.deepEqual([none.value.rows.length, none.value.complete, none.value.progress.read], [0, false, 0]);
  const bad = await pages.page(queryOf('user matches "(a"'), { budget: seconds(9), signal });
  assert.deepEqual([bad.ok, !bad.ok && bad.code], [false, 'bad_query']);
  const gone = await pages.page(queryOf('*'), { budget: seconds(9), signal: AbortSignal.abort() });
  assert.deepEqual([gone.ok, !gone.ok && gone.code], [false, 'gone']);
  await segments.stop();
});

test('stopping ends the searches under way; more than a few at once are refused', async () => {
  const { directory, keep } = await writing();
  await keep(failures(100));
  const { segments } = service(directory);
  await segments.start();
  const last = async () => {
    let seen: { readonly kind: string } | undefined;
    for await (const event of segments.search(queryOf('root'))) seen = event;
    return seen?.kind;
  };
  const all = Array.from({ length: 12 }, last);
  const stopped = segments.stop();
  const ends = await Promise.all(all);
  await stopped;
  assert.deepEqual(
    [ends.filter((kind) => kind === 'failed').length, ends.filter((kind) => kind === 'busy').length],
    [8, 4],
  );
});

test('retention drops whole segments, the oldest first, never the newest sealed or the open one', async () => {
  const { directory, keep } = await writing();
  await keep(failures(300));
  const { segments } = service(directory, millis(1) as ReturnType<typeof days>);
  await until('the files have an age', async () => {
    await segments.start();
    return segments.component().counters['dropped'] === 3;
  });
  const left = (await readdir(directory)).filter((name) => !name.includes('tail')).sort();
  assert.deepEqual(left, ['0000000004.events', '0000000005.open']);
  await segments.stop();
});

test('a directory that is not there holds nothing and is no fault', async () => {
  const { segments } = service('/nonexistent/segments');
  await segments.start();
  assert.equal(segments.component().state, 'ok');
  assert.deepEqual((await gather(segments.search(queryOf('root')))).numbers, []);
  await segments.stop();
});
