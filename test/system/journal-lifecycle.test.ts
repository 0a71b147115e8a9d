import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { appendEntries } from '../support/journal-files.ts';
import { noJournalRemote } from '../support/journald.ts';
import { AS_NOBODY, noOutsider } from '../support/outsider.ts';

const CHILD = fileURLToPath(new URL('./journal-child.js', import.meta.url));
const OPENED = new URL('../../native/journal/index.js', import.meta.url).href;

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly errors: string;
}

describe('the life of a journal port', { skip: noJournalRemote }, () => {
  let directory = '';
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'bartizan-journal-'));
    const entry = (n: number) => ({
      realtime: 1e15 + n,
      monotonic: n,
      boot: 'b'.repeat(32),
      fields: { MESSAGE: `${n}` },
    });
    appendEntries(
      directory,
      Array.from({ length: 1000 }, (_, n) => entry(n)),
    );
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  function run(command: readonly string[]): Promise<Ended> {
    const child = spawn(command[0] ?? '', command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (data) => {
      output += data;
    });
    child.stderr.on('data', (data) => {
      errors += data;
    });
    return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal, output, errors })));
  }

  const flags = ['--expose-gc', '--disallow-code-generation-from-strings'];
  const live = (life: string): Promise<Ended> => run([process.execPath, ...flags, CHILD, life, directory]);

  for (const [life, what] of [
    ['collected', 'a port that nobody holds any more is collected, its thread and files with it'],
    ['pending', 'a wait under way outlives the last reference to its port'],
    ['reopened', 'opening and closing 300 times, also while waiting, leaves no thread and no file'],
    ['flat', 'reading the same 300 times does not grow the process'],
    ['idle', 'an open port does not keep the process alive'],
    ['workers', 'worker threads may end or be ended while they wait'],
  ] as const) {
    test(what, async () => {
      const ended = await live(life);
      assert.deepEqual([ended.code, ended.signal], [0, null], ended.errors);
    });
  }

  test('a call under way keeps the process until it is answered', async () => {
    const ended = await live('answered');
    assert.deepEqual([ended.code, ended.output], [0, '1000\n'], ended.errors);
  });

  test('process.exit while waiting ends with its own code', async () => {
    const ended = await live('exit');
    assert.deepEqual([ended.code, ended.signal], [7, null], ended.errors);
  });

  test('an uncaught exception while waiting ends with code 1 and its own words', async () => {
    const ended = await live('crash');
    assert.deepEqual([ended.code, ended.signal], [1, null]);
    assert.match(ended.errors, /planned/);
  });

  /** Opens the directory elsewhere and prints what came of it. */
  const opening = `
    const { openJournal } = await import('${OPENED}');
    const opened = await openJournal({ source: { kind: 'directory', path: process.argv[1] }, fields: ['MESSAGE'] });
    console.log(JSON.stringify(opened.ok ? await opened.value.files() : opened));`;
  const evaluate = ['--input-type=module', '--eval', opening];

  test('on a host without libsystemd the addon loads, and opening says what is missing', {
    skip: process.getuid?.() !== 0 && 'needs root for a mount namespace',
  }, async () => {
    const hide =
      'for lib in /lib/*/libsystemd.so.0 /usr/lib/*/libsystemd.so.0; do mount --bind /dev/null "$lib"; done; exec "$@"';
    const launcher = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', hide, 'sh'];
    const ended = await run([...launcher, process.execPath, ...evaluate, directory]);
    assert.equal(ended.code, 0, ended.errors);
    const { code, public: text } = JSON.parse(ended.output) as { readonly code: string; readonly public: string };
    assert.equal(code, 'unavailable');
    assert.match(text, /libsystemd\.so\.0.*install the package libsystemd0/);
  });

  test('without the right to read them, files are named with the errno', { skip: noOutsider }, async () => {
    chmodSync(directory, 0o755);
    const ended = await run([...AS_NOBODY, process.execPath, ...evaluate, directory]);
    assert.equal(ended.code, 0, ended.errors);
    const { value } = JSON.parse(ended.output) as { readonly value: { readonly refused: readonly { why: string }[] } };
    assert.match(value.refused[0]?.why ?? '', /not permitted \(EACCES\): run as root, or .* group systemd-journal/);
  });
});
