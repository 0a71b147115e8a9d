import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { JournalLoss } from '../../actors/watchers/journal/index.ts';
import type { Component } from '../../core/base/component.ts';
import type { RawLine } from '../../core/event/event.ts';
import { Journald, noJournald, unitName } from '../support/journald.ts';
import { until } from '../support/until.ts';

const FOLLOWER = fileURLToPath(new URL('../support/journal-follower.js', import.meta.url));

interface Said {
  readonly began?: string;
  readonly line?: RawLine;
  readonly component?: Component;
  readonly loss?: JournalLoss;
}

/** A journald of the test's own and a watcher of the system journal beside it, which stands at the tail. */
async function follow(t: TestContext, options: Parameters<typeof Journald.start>[0] = {}) {
  const journald = await Journald.start(options);
  t.after(() => journald[Symbol.asyncDispose]());
  const follower = journald.spawn(process.execPath, ['--disallow-code-generation-from-strings', FOLLOWER]);
  const said: Said[] = [];
  createInterface({ input: follower.stdout }).on('line', (text) => said.push(JSON.parse(text) as Said));
  await until('the watcher to begin', () => said.some(({ began }) => began !== undefined));
  const lines = (): RawLine[] => said.flatMap(({ line }) => line ?? []);
  const texts = (program: string): string[] =>
    lines().flatMap(({ header, text }) => (header?.program === program ? [text] : []));
  const read = (program: string, ...expected: readonly string[]): Promise<void> =>
    until(`${expected.join()}, got ${texts(program).join()}`, () => texts(program).length >= expected.length).then(() =>
      assert.deepEqual(texts(program), expected),
    );
  const end = async (): Promise<number | null> => {
    const ended = once(follower, 'exit');
    follower.stdin.end();
    return (await ended)[0] as number | null;
  };
  return { journald, said, lines, read, end };
}

test("a forged sshd line is told as logger's, whatever name it takes", { skip: noJournald() }, async (t) => {
  const { journald, lines, read } = await follow(t);
  const forged = 'Failed password for root from 192.0.2.66 port 22 ssh2';
  // It stays while journald looks at it.
  const logger = journald.spawn('logger', ['-t', 'sshd', '-p', 'auth.info']);
  logger.stdin.write(`${forged}\n`);
  await read('sshd', forged);
  const [line] = lines().filter(({ header }) => header?.program === 'sshd');
  assert.equal(line?.sender?.exe, '/usr/bin/logger');
  assert.equal(line?.sender?.transport, 'syslog');
  assert.equal(line?.provenance, 'journal');
  logger.stdin.end();
  await once(logger, 'exit');
  for (let i = 0; i < 20; i++) journald.log('sshd', `quick ${i}`);
  await read('sshd', forged, ...Array.from({ length: 20 }, (_, i) => `quick ${i}`));
  const quick = lines().filter(({ text }) => text.startsWith('quick'));
  const names = new Set(quick.map(({ sender }) => sender?.exe ?? 'unknown'));
  t.diagnostic(`of 20 senders that ended at once: ${[...names].join(', ')}`);
  for (const name of names) assert.ok(['/usr/bin/logger', 'unknown'].includes(name), name);
});

const noSshd = existsSync('/usr/sbin/sshd') && existsSync('/usr/bin/sshpass') ? false : 'needs sshd and sshpass';

test("a real sshd's failed logins arrive with its unit, its program and its user", {
  skip: noJournald() || noSshd,
}, async (t) => {
  const { journald, lines } = await follow(t);
  const directory = mkdtempSync(join(tmpdir(), 'bartizan-sshd-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const key = join(directory, 'key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const config = join(directory, 'sshd_config');
  writeFileSync(config, `Port 22\nHostKey ${key}\nUsePAM no\nPidFile none\nUseDNS no\nPasswordAuthentication yes\n`);
  const unit = unitName('ssh');
  journald.spawnAs(unit, '/usr/sbin/sshd', ['-D', '-f', config]);
  const sshd = (pattern: RegExp): RawLine[] =>
    lines().filter(({ header, text }) => /^sshd/.test(header?.program ?? '') && pattern.test(text));
  await until('sshd to listen', () => sshd(/^Server listening/).length > 0);
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'NumberOfPasswordPrompts=1'];
  const ssh = ['ssh', '-F', 'none', ...options.flatMap((option) => ['-o', option]), 'nobody-here@127.0.0.1', 'true'];
  await journald.runAside('sshpass', ['-p', 'wrong', ...ssh]).catch(() => undefined);
  const failed = /^Failed password for invalid user nobody-here from 127\.0\.0\.1 port \d+ ssh2$/;
  await until('the failure', () => sshd(failed).length > 0);
  const [line] = sshd(failed);
  assert.deepEqual([line?.sender?.unit, line?.sender?.uid], [unit, 0]);
  assert.match(line?.sender?.exe ?? '', /^\/usr\/(?:sbin\/sshd|lib\/openssh\/sshd-session)$/);
  assert.ok((line?.header?.pid ?? 0) > 1);
});

test('volatile, flushed to the persistent journal, rotated, vacuumed: each line once, nothing lost', {
  skip: noJournald(),
}, async (t) => {
  const { journald, said, read, end } = await follow(t, { persistent: false });
  journald.log('one', 'volatile');
  await read('one', 'volatile');
  journald.flush();
  journald.log('one', 'flushed');
  await read('one', 'volatile', 'flushed');
  journald.rotate();
  journald.log('one', 'rotated');
  await read('one', 'volatile', 'flushed', 'rotated');
  journald.sync();
  journald.rotate();
  journald.vacuum();
  journald.log('one', 'vacuumed');
  await read('one', 'volatile', 'flushed', 'rotated', 'vacuumed');
  assert.deepEqual(
    said.flatMap(({ loss }) => loss ?? []),
    [],
  );
  assert.equal(await end(), 0);
});

test('what calls itself by our name is passed over', { skip: noJournald() }, async (t) => {
  const { journald, lines, read } = await follow(t);
  journald.log('bartizan', 'own');
  journald.log('one', 'other');
  await read('one', 'other');
  assert.deepEqual(
    lines().filter(({ text }) => text === 'own'),
    [],
  );
});
