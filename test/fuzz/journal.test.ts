import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { millis } from '../../core/base/time.ts';
import { isEvent } from '../../core/event/event.ts';
import { JOURNAL_FIELDS, linesOf as journalLines } from '../../core/event/journal-line.ts';
import { createParsers } from '../../core/event/parsers.ts';
import { UTC } from '../../core/event/syslog-time.ts';
import { JournalBatch, type JournalPort, openJournal } from '../../native/journal/index.ts';
import { pack } from '../../native/journal/pack.ts';
import * as wire from '../../native/journal/wire.ts';
import type { EngineLink } from '../../native/journal/wire-port.ts';
import { done } from '../contract/journal-suite.ts';
import { fuzz, fuzzAsync, linesOf } from '../support/fuzz.ts';
import { appendEntries } from '../support/journal-files.ts';
import { noJournalRemote } from '../support/journald.ts';
import { assertSound } from '../support/parser-fuzz.ts';
import { ROOT } from '../support/root.ts';

const NOW = millis(Date.UTC(2026, 10, 22, 12));
const lines = linesOf(readFileSync(join(ROOT, 'test/fixtures/fuzz/parsers.txt'), 'utf8'));
const PLACE = { monotonic: 1e6, boot: 'b007'.repeat(8), seqnumId: '5e9'.repeat(11).slice(1), hash: 7 };

test('any entry of a journal gives an event of its own text, or a reason', () => {
  const parse = createParsers({ zone: UTC }).get('syslog') ?? assert.fail();
  const programs = ['sshd', 'sudo', 'postfix/smtpd', 'dovecot', 'kernel', 'vsftpd', ''];
  let events = 0;
  const runs = fuzz('journal-entries', lines, (mutator) => {
    const message = mutator.mutant();
    const about = {
      MESSAGE: message,
      SYSLOG_IDENTIFIER: programs[mutator.below(programs.length)] ?? '',
      ...(mutator.below(3) === 0 ? { _UID: mutator.mutant(), _EXE: mutator.mutant() } : {}),
      ...(mutator.below(3) === 0 ? { _TRANSPORT: 'kernel', SYSLOG_FACILITY: '0' } : {}),
    };
    const entry = { ...PLACE, fields: about, realtime: mutator.below(2 ** 31) * 1e6, seqnum: mutator.below(2 ** 40) };
    const packed = pack({
      entries: [entry],
      fields: JOURNAL_FIELDS,
      maxValueBytes: 4096,
      excluded: 0,
      missing: 0,
      last: '',
    });
    const [line] = journalLines(new JournalBatch(packed, JOURNAL_FIELDS), NOW);
    assert.ok(line !== undefined && !/[^\P{Cc}\t\u0080-\u009f]/u.test(line.text), line?.text);
    assert.equal(line.position.offset, entry.seqnum);
    const parsed = parse(line);
    if (!isEvent(parsed)) return;
    events++;
    assertSound(parsed, line.text);
  });
  assert.ok(events > runs / 100, `only ${events} of ${runs} entries were events`);
});

test('whatever bytes come in, the engine answers with a well-formed answer', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'bartizan-journal-'));
  const addon = createRequire(import.meta.url)('../../native/journal/journal.node') as {
    readonly Port: new () => EngineLink;
  };
  const engine = new addon.Port();
  const options = { source: { kind: 'directory', path: directory }, fields: ['MESSAGE', '_UID'] } as const;
  const sound = [
    wire.encodeOpen({ ...options, exclude: [[{ field: 'A', value: 'b' }]] }, 1024),
    wire.encodeSeek({ to: 'cursor', cursor: `s=${PLACE.seqnumId};i=1;b=${PLACE.boot};m=1;t=1;x=1` }),
    wire.encodeSeek({ to: 'boot', boot: PLACE.boot, monotonic: 5 }),
    wire.encodeRead({ entries: 10, bytes: 1000 }),
    wire.encodeWait(0),
    wire.encodeFiles(),
  ];
  const counts = { done: 0, refused: 0 };
  try {
    await engine.call(sound[0] as Uint8Array);
    await fuzzAsync('journal-engine', sound, async (mutator) => {
      const request =
        mutator.below(4) === 0 ? (sound[1 + mutator.below(sound.length - 1)] as Uint8Array) : mutator.mutant();
      if (mayWait(request)) return;
      const answer = wire.decodeAnswer(await engine.call(request));
      counts[answer.ok ? 'done' : 'refused']++;
      assert.ok(answer.ok || typeof answer.reason === 'string');
    });
    assert.ok(counts.done > 20 && counts.refused > 20, JSON.stringify(counts));
  } finally {
    await engine.close();
    rmSync(directory, { recursive: true });
  }
});

/** A verb that sleeps as long as it is told to. */
const mayWait = (request: Uint8Array): boolean => request[0] === 4;

/** Everything that can be read, and everything that is asked of an entry. @returns how many lines */
async function linesIn(port: JournalPort): Promise<number> {
  let lines = 0;
  for (let i = 0; i < 20; i++) {
    const batch = await port.read();
    if (!batch.ok || batch.value.length === 0) break;
    lines += journalLines(batch.value, NOW).length;
  }
  await port.files();
  await port.close();
  return lines;
}

async function fuzzFile(t: TestContext, directory: string, original: Uint8Array): Promise<void> {
  // The rest of the 8 MiB is room.
  const used = original.findLastIndex((byte) => byte !== 0) + 1;
  const file = await open(join(directory, 'system.journal'), 'r+');
  t.after(() => file.close());
  let read = 0;
  const runs = await fuzzAsync('journal-files', [original.subarray(0, used)], async (mutator) => {
    const damaged = mutator.mutant();
    await file.write(damaged, 0, damaged.length, 0);
    if (mutator.below(4) === 0) await file.truncate(mutator.below(used));
    const opened = await openJournal({ source: { kind: 'directory', path: directory }, fields: JOURNAL_FIELDS });
    if (opened.ok) read += await linesIn(opened.value);
    await file.truncate(original.length);
    await file.write(original, 0, used + 4096, 0);
  });
  t.diagnostic(`${read} lines in ${runs} damaged files`);
}

test('a damaged journal file gives entries or none; nothing falls', { skip: noJournalRemote }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'bartizan-journal-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const decoder = new TextDecoder();
  const entries = lines.slice(0, 40).map((line, i) => ({
    ...PLACE,
    realtime: (NOW + i) * 1000,
    monotonic: 1e6 + i,
    fields: { MESSAGE: decoder.decode(line), SYSLOG_IDENTIFIER: 'sshd', _UID: '0' },
  }));
  appendEntries(directory, entries);
  const port = done(await openJournal({ source: { kind: 'directory', path: directory }, fields: JOURNAL_FIELDS }));
  assert.equal(done(await port.read()).length, entries.length);
  await port.close();
  await fuzzFile(t, directory, new Uint8Array(readFileSync(join(directory, 'system.journal'))));
});
