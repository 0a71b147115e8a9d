import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_LINE } from '../../../../../actors/watchers/files/index.ts';
import { fingerprintOf } from '../../../../support/chunk-ledger.ts';
import { FollowedFiles } from '../../../../support/followed-files.ts';

const LOG = '/log/a.log';
const LONG = 'x'.repeat(MAX_LINE + 1);

async function follow(content: string | Uint8Array): Promise<FollowedFiles> {
  const files = new FollowedFiles([LOG]);
  files.fs.append(LOG, content);
  await files.start();
  await files.settle();
  return files;
}

const skipped = (files: FollowedFiles) => files.ledger.chunks.flatMap((chunk) => chunk.skipped ?? []);

test('the longest allowed line is read, one byte more is skipped and told', async () => {
  const files = await follow(`one\n${LONG.slice(1)}\n${LONG}\ntwo\n`);
  assert.deepEqual(
    files.ledger.texts.map(({ length }) => length),
    [3, MAX_LINE, 3],
  );
  assert.deepEqual(skipped(files), [{ offset: 4 + MAX_LINE + 1, length: MAX_LINE + 2 }]);
  await files.pass(2000);
  assert.equal(files.component().state, 'degraded');
  assert.equal(files.component().counters['skippedLines'], 1);
  assert.match(files.component().message ?? '', /a line of 262146 bytes at byte 262149 was skipped/);
});

test('an over-long first line still gives the file its fingerprint', async () => {
  const files = await follow(`${LONG}${LONG}\ntwo\n`);
  assert.deepEqual(files.ledger.texts, ['two']);
  assert.equal(files.ledger.chunks.at(-1)?.fingerprint, fingerprintOf(Buffer.from('x'.repeat(1024))));
  assert.equal(files.ledger.chunks.at(-1)?.offset, 2 * LONG.length + 1);
});

test('an over-long last line is skipped when its end comes, also across a kill', async () => {
  const files = await follow(`one\n${LONG}`);
  files.ledger.commit();
  assert.equal(files.ledger.cursors.get(LOG)?.offset, 4);
  await files.kill();
  await files.start();
  files.fs.append(LOG, LONG);
  await files.settle();
  files.fs.append(LOG, '\ntwo\n');
  await files.settle();
  assert.deepEqual(files.ledger.texts, ['one', 'two']);
  assert.deepEqual(skipped(files), [{ offset: 4, length: 2 * LONG.length + 1 }]);
});

test('truncated in the middle of an over-long line', async () => {
  const files = await follow(`one\n${LONG}`);
  files.fs.truncate(LOG);
  files.fs.append(LOG, 'two\n');
  await files.settle();
  assert.deepEqual(files.ledger.texts, ['one', 'two']);
});

test('a line end that the sink refused inside an over-long line is found again', async () => {
  const files = await follow(`one\n${LONG}`);
  let refusals = 1;
  files.ledger.refuses = () => refusals-- > 0;
  files.fs.append(LOG, '\ntwo\n');
  await files.pass(2000);
  assert.deepEqual(files.ledger.texts, ['one', 'two']);
  assert.equal(skipped(files).length, 1);
});

test('binary content is passed on byte for byte', async () => {
  const binary = Uint8Array.from({ length: 5000 }, (_, i) => (i * 131) & 0xff);
  const files = await follow(Buffer.concat([binary, Buffer.from('\n')]));
  const bytes = Buffer.concat(files.ledger.chunks.map((chunk) => chunk.bytes));
  assert.deepEqual(bytes, Buffer.concat([binary, Buffer.from('\n')]));
});

test('empty lines and carriage returns are the framer’s business', async () => {
  const files = await follow('\n\r\n\none\r\n');
  assert.deepEqual(files.ledger.texts, ['', '\r', '', 'one\r']);
});

test('a file without a complete line has nothing to say', async () => {
  const files = await follow('par');
  assert.deepEqual(files.ledger.texts, []);
  assert.deepEqual(
    files.ledger.chunks.map(({ fingerprint, cursor }) => [fingerprint, cursor.offset]),
    [['', 0]],
  );
  files.fs.append(LOG, 'tial\n');
  await files.settle();
  assert.deepEqual(files.ledger.texts, ['partial']);
});

test('a backlog comes in chunks that join without a gap', async () => {
  const line = `${'y'.repeat(999)}\n`;
  const files = await follow(line.repeat(2000));
  let next = 0;
  for (const { bytes, offset } of files.ledger.chunks) {
    assert.equal(offset, next);
    next += bytes.length;
  }
  assert.equal(next, 2_000_000);
  assert.ok(files.ledger.chunks.length <= 9);
});
