import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { millis, seconds } from '../../core/base/time.ts';
import {
  type FieldValue,
  type JournalOptions,
  type JournalPort,
  type JournalResult,
  parseCursor,
} from '../../native/journal/index.ts';
import type { WrittenEntry } from '../support/journal-files.ts';

/** A journal to test against: real files, or the fake. */
export interface JournalBench {
  /** Writes behind what is there. */
  append(...entries: readonly WrittenEntry[]): void;
  /** Sets the file aside; what follows goes to a new one. */
  rotate(): void;
  /** Deletes what was set aside. */
  vacuum(): void;
  /** Lays a file beside the others that is none of a journal. */
  refuse(): void;
  open(options: Omit<JournalOptions, 'source'>): Promise<JournalResult<JournalPort>>;
  dispose(): void;
}

export type MakeJournalBench = () => JournalBench;

const START = Date.UTC(2026, 0, 1) * 1000;
const BOOT = 'b007'.repeat(8);

/** Entry number `n`: `n` seconds after the start. */
const entry = (n: number, more: WrittenEntry['fields'] = {}, boot = BOOT): WrittenEntry => ({
  realtime: START + n * 1e6,
  monotonic: 1e6 + n * 1e6,
  boot,
  fields: { MESSAGE: `message ${n}`, SYSLOG_IDENTIFIER: n % 2 === 0 ? 'even' : 'odd', ...more },
});

const count = (from: number, to: number): WrittenEntry[] =>
  Array.from({ length: to - from }, (_, i) => entry(from + i));

export function done<V>(result: JournalResult<V>): V {
  assert.ok(result.ok, result.ok ? '' : `${result.code}: ${result.public}`);
  return result.value;
}

function refused<V>(result: JournalResult<V>, code: string): void {
  assert.ok(!result.ok, `expected ${code}, but it succeeded`);
  assert.equal(result.code, code, result.public);
  assert.ok(result.public.length > 10);
}

/** All messages from here to the end. */
async function messages(port: JournalPort): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const batch = done(await port.read());
    if (batch.length === 0) return texts;
    texts.push(...batch.entries().map(({ fields }) => fields['MESSAGE'] ?? ''));
  }
}

const numbers = (from: number, to: number): string[] => count(from, to).map((_, i) => `message ${from + i}`);
const is = (field: string, value: string): FieldValue => ({ field, value });

/** Waits until reading gives `count` messages more. */
async function arrive(port: JournalPort, count: number): Promise<string[]> {
  const texts: string[] = [];
  const deadline = performance.now() + 10_000;
  while (texts.length < count) {
    texts.push(...(await messages(port)));
    if (texts.length >= count) break;
    assert.ok(performance.now() < deadline, `only ${texts.length} of ${count} came`);
    done(await port.wait(seconds(1)));
  }
  return texts;
}

/** The behaviour of a `JournalPort`, whatever stands behind it. */
export function journalSuite(name: string, make: MakeJournalBench, skip: string | false = false): void {
  describe(`journal port, ${name}`, { skip }, () => {
    async function ground(t: TestContext, options: Partial<JournalOptions> = {}, entries = count(0, 10)) {
      const bench = make();
      t.after(() => bench.dispose());
      bench.append(...entries);
      const open = async (): Promise<JournalPort> => {
        const port = done(await bench.open({ fields: ['MESSAGE', 'SYSLOG_IDENTIFIER', 'X'], ...options }));
        t.after(() => port.close());
        return port;
      };
      return { bench, open, port: await open() };
    }

    test('reading begins at the head, in batches of the size asked for, and ends with an empty one', async (t) => {
      const { port } = await ground(t);
      const limits = { entries: 4, bytes: 1e6 };
      const sizes = [
        await port.read(limits),
        await port.read(limits),
        await port.read(limits),
        await port.read(limits),
      ];
      assert.deepEqual(
        sizes.map((batch) => done(batch).length),
        [4, 4, 2, 0],
      );
    });

    test('a batch ends with the entry that passes the bound of bytes', async (t) => {
      const { port } = await ground(t, { fields: ['MESSAGE'] });
      assert.equal(done(await port.read({ entries: 100, bytes: 20 })).length, 3);
    });

    test('an entry has the wanted fields it has, its times, its boot and its cursor', async (t) => {
      const { port } = await ground(t, {}, [entry(7, { X: 'x', Y: 'y' }), entry(8)]);
      const batch = done(await port.read());
      const [first, second] = batch.entries();
      assert.deepEqual(first?.fields, { MESSAGE: 'message 7', SYSLOG_IDENTIFIER: 'odd', X: 'x' });
      assert.deepEqual(second?.fields, { MESSAGE: 'message 8', SYSLOG_IDENTIFIER: 'even' });
      assert.deepEqual([first?.realtime, first?.monotonic, first?.boot], [START + 7e6, 8e6, BOOT]);
      const cursor = parseCursor(first?.cursor ?? '');
      assert.deepEqual([cursor?.realtime, cursor?.monotonic, cursor?.boot], [START + 7e6, 8e6, BOOT]);
      assert.deepEqual([cursor?.seqnumId, cursor?.seqnum], [batch.seqnumId(0), batch.seqnum(0)]);
      assert.equal(batch.seqnum(1), batch.seqnum(0) + 1);
      assert.equal(batch.last, second?.cursor);
    });

    test('values may be binary, empty, UTF-8 or not', async (t) => {
      const binary = Uint8Array.from([0, 1, 10, 255, 61, 65]);
      const { port } = await ground(t, {}, [
        entry(0, { X: binary }),
        entry(1, { X: '' }),
        entry(2, { X: 'Zoë 𝄞' }),
        entry(3, { X: 'tab\tonly' }),
      ]);
      const batch = done(await port.read());
      assert.deepEqual(Buffer.from(batch.raw(0, 2) ?? []), Buffer.from(binary));
      assert.equal(batch.text(0, 2), '\0\x01\n\ufffd=A');
      assert.equal(batch.text(1, 2), '');
      assert.equal(batch.text(2, 2), 'Zoë 𝄞');
      assert.deepEqual(
        [0, 1, 2, 3].map((index) => batch.hasControls(index, 2)),
        [true, false, false, false],
      );
    });

    for (const length of [700, 100_000, 300_000]) {
      test(`a value of ${length} bytes is read whole up to the bound, and cut off behind it`, async (t) => {
        const { open, bench } = await ground(t, {}, [entry(0, { X: 'ab'.repeat(length / 2) })]);
        const whole = done(await bench.open({ fields: ['X'], maxValueBytes: length }));
        t.after(() => whole.close());
        const batch = done(await whole.read());
        assert.deepEqual([batch.text(0, 0)?.length, batch.isCutOff(0, 0)], [length, false]);
        const short = done(await bench.open({ fields: ['X'], maxValueBytes: length - 1 }));
        t.after(() => short.close());
        const cut = done(await short.read());
        assert.deepEqual([cut.text(0, 0)?.length, cut.isCutOff(0, 0)], [length - 1, true]);
        await (await open()).close();
      });
    }

    test('a batch survives a copy of its bytes', async (t) => {
      const { port } = await ground(t);
      const batch = done(await port.read());
      const copy = new (batch.constructor as typeof import('../../native/journal/index.ts').JournalBatch)(
        structuredClone(Uint8Array.from(batch.bytes)),
        batch.fields,
      );
      assert.deepEqual(
        copy.entries().map(({ cursor, fields }) => ({ cursor, fields })),
        batch.entries().map(({ cursor, fields }) => ({ cursor, fields })),
      );
    });

    test('matches: any of the groups, all of a group, alternatives of one field', async (t) => {
      const cases: readonly (readonly [NonNullable<JournalOptions['matches']>, string[]])[] = [
        [[[is('SYSLOG_IDENTIFIER', 'odd'), is('X', '1')]], ['message 1']],
        [
          [[is('SYSLOG_IDENTIFIER', 'even')], [is('X', '3')]],
          ['message 0', 'message 2', 'message 3'],
        ],
        [[[is('X', '1'), is('X', '2')]], ['message 1', 'message 2']],
        [[[is('X', 'none')]], []],
      ];
      const entries = [0, 1, 2, 3].map((n) => entry(n, { X: String(n) }));
      for (const [matches, expected] of cases) {
        const { port } = await ground(t, { matches }, entries);
        assert.deepEqual(await messages(port), expected);
      }
    });

    test('excluded entries are passed over and counted, and the last cursor is behind them', async (t) => {
      const exclude = [[is('SYSLOG_IDENTIFIER', 'odd')], [is('SYSLOG_IDENTIFIER', 'even'), is('MESSAGE', 'message 4')]];
      const { port, open } = await ground(t, { exclude, fields: ['MESSAGE'] }, count(0, 6));
      const batch = done(await port.read());
      assert.deepEqual([batch.length, batch.excluded, batch.missing], [2, 4, 0]);
      const behind = await open();
      const landing = done(await behind.seek({ to: 'cursor', cursor: batch.last }));
      assert.equal(landing.exact, true);
      assert.deepEqual(await messages(behind), []);
    });

    test('behind a cursor, from any entry to any other', async (t) => {
      const { port, open } = await ground(t);
      const cursors = done(await port.read())
        .entries()
        .map(({ cursor }) => cursor);
      const other = await open();
      for (const n of [0, 9, 4, 5, 0]) {
        const landing = done(await other.seek({ to: 'cursor', cursor: cursors[n] ?? '' }));
        assert.deepEqual(landing, { exact: true, before: cursors[n] });
        assert.deepEqual(await messages(other), numbers(n + 1, 10));
      }
    });

    test('head, tail, a moment, a moment of a boot', async (t) => {
      const { port } = await ground(t, {}, [
        ...count(0, 3),
        entry(3, {}, 'b008'.repeat(8)),
        entry(4, {}, 'b008'.repeat(8)),
      ]);
      const first = done(await port.seek({ to: 'head' }));
      assert.deepEqual(await messages(port), numbers(0, 5));
      const last = done(await port.seek({ to: 'tail' }));
      assert.deepEqual(await messages(port), []);
      assert.deepEqual([parseCursor(first.next ?? '')?.realtime, first.before], [START, undefined]);
      assert.deepEqual([parseCursor(last.before ?? '')?.realtime, last.next], [START + 4e6, undefined]);
      done(await port.seek({ to: 'time', at: millis((START + 1e6) / 1000) }));
      assert.deepEqual(await messages(port), numbers(1, 5));
      done(await port.seek({ to: 'time', at: millis((START + 1e6) / 1000 + 1) }));
      assert.deepEqual(await messages(port), numbers(2, 5));
      done(await port.seek({ to: 'boot', boot: 'b008'.repeat(8), monotonic: 0 }));
      assert.deepEqual(await messages(port), numbers(3, 5));
      const beyond = done(await port.seek({ to: 'time', at: millis(START / 1000 + 99_000) }));
      assert.deepEqual([beyond.next, await messages(port)], [undefined, []]);
    });

    test('behind the tail, and behind the tail of nothing, is what comes next', async (t) => {
      for (const there of [count(0, 2), []]) {
        const { bench, port } = await ground(t, {}, there);
        done(await port.seek({ to: 'tail' }));
        bench.append(entry(5), entry(6));
        assert.deepEqual(await arrive(port, 2), ['message 5', 'message 6']);
      }
    });

    test('a wait ends when something is appended, when its time is over, and when another call comes', async (t) => {
      const { bench, port } = await ground(t);
      await messages(port);
      while (done(await port.wait(millis(20))) !== 'quiet');
      const waiting = port.wait(seconds(30));
      bench.append(entry(10));
      assert.notEqual(done(await waiting), 'quiet');
      assert.deepEqual(await arrive(port, 1), ['message 10']);
      const long = port.wait(seconds(30));
      await port.read();
      assert.equal(typeof done(await long), 'string');
    });

    test('across a rotation every entry once; a cursor from before it still holds', async (t) => {
      const { bench, port, open } = await ground(t);
      const batch = done(await port.read({ entries: 5, bytes: 1e6 }));
      bench.rotate();
      bench.append(...count(10, 15));
      assert.deepEqual(await arrive(port, 10), numbers(5, 15));
      const later = await open();
      assert.equal(done(await later.seek({ to: 'cursor', cursor: batch.last })).exact, true);
      assert.deepEqual(await messages(later), numbers(5, 15));
    });

    test('a cursor whose entry was deleted: not exact, and reading begins at the next that is there', async (t) => {
      const { bench, port, open } = await ground(t);
      const { last } = done(await port.read({ entries: 5, bytes: 1e6 }));
      bench.rotate();
      bench.append(...count(10, 12));
      bench.vacuum();
      const later = await open();
      const landing = done(await later.seek({ to: 'cursor', cursor: last }));
      assert.equal(landing.exact, false);
      assert.equal(parseCursor(landing.next ?? '')?.realtime, START + 10e6);
      assert.deepEqual(await messages(later), numbers(10, 12));
    });

    test('files that cannot be read are told, the others are read', async (t) => {
      const { bench, open } = await ground(t);
      bench.refuse();
      const port = await open();
      const { readable, refused: others } = done(await port.files());
      assert.deepEqual([readable, others.map(({ errno }) => errno)], [1, [74]]);
      assert.match(others[0]?.why ?? '', /not readable as a journal file \(EBADMSG\)/);
      assert.deepEqual(await messages(port), numbers(0, 10));
    });

    test('a journal without a file opens, and says so', async (t) => {
      const { port } = await ground(t, {}, []);
      assert.deepEqual(done(await port.files()), { readable: 0, refused: [] });
      assert.deepEqual(await messages(port), []);
      assert.deepEqual(done(await port.seek({ to: 'tail' })), { exact: true });
    });

    test('closing ends a wait, refuses what comes after, and may be done twice', async (t) => {
      const { port } = await ground(t);
      while (done(await port.wait(millis(20))) !== 'quiet');
      const waiting = port.wait(seconds(30));
      await Promise.all([port.close(), port.close()]);
      await waiting;
      refused(await port.read(), 'closed');
      refused(await port.wait(seconds(1)), 'closed');
    });

    for (const [what, run] of [
      ['a malformed cursor', (port) => port.seek({ to: 'cursor', cursor: 's=1' })],
      ['a malformed boot', (port) => port.seek({ to: 'boot', boot: 'x', monotonic: 0 })],
      ['a moment before all time', (port) => port.seek({ to: 'time', at: millis(-1) })],
      ['a batch of nothing', (port) => port.read({ entries: 0, bytes: 1 })],
      ['a batch of too many', (port) => port.read({ entries: 16_385, bytes: 1 })],
      ['a wait for ever', (port) => port.wait(millis(Number.POSITIVE_INFINITY))],
    ] as readonly (readonly [string, (port: JournalPort) => Promise<JournalResult<unknown>>])[]) {
      test(`${what} is refused, and the port goes on`, async (t) => {
        const { port } = await ground(t);
        refused(await run(port), 'invalid');
        assert.equal((await messages(port)).length, 10);
      });
    }

    for (const [what, options] of [
      ['a field of lower case', { fields: ['message'] }],
      ['a field with a sign', { fields: ['A=B'] }],
      ['a field twice', { fields: ['A', 'A'] }],
      ['an empty group of matches', { matches: [[]] }],
      ['an empty group to exclude', { exclude: [[]] }],
      ['a match on no field', { matches: [[is('', 'x')]] }],
      ['no byte of a value', { maxValueBytes: 0 }],
    ] as readonly (readonly [string, Partial<JournalOptions>])[]) {
      test(`${what} is refused when it is opened`, async (t) => {
        const bench = make();
        t.after(() => bench.dispose());
        refused(await bench.open({ fields: ['MESSAGE'], ...options }), 'invalid');
      });
    }
  });
}
