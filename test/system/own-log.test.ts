/** The daemon logs to the journald that it watches. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { Journald, noJournald } from '../support/journald.ts';
import { component } from '../support/watching.ts';

/** What the service manager says to a service whose standard error is the journal's. */
const CONNECTED = 'JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$@"';
/** As a service whose unit says `StandardError=journal` to a program that does not know of it. */
const PLAIN = 'unset JOURNAL_STREAM; exec "$@"';

async function watchedByItself(t: TestContext, shell: string) {
  const journald = await Journald.start();
  t.after(() => journald[Symbol.asyncDispose]());
  const daemon = new Daemon(await stateDir());
  t.after(() => daemon[Symbol.asyncDispose]());
  await daemon.configure(`
webui: { listen: '127.0.0.1:${await freePort()}' }
log: { level: debug }
watchers: { journal: true }
`);
  // Whatever it says comes under sshd's name.
  await daemon.startBy((program, args) =>
    journald.spawn('systemd-cat', ['-t', 'sshd', 'sh', '-c', shell, 'sh', program, ...args]),
  );
  await component(daemon, 'journal:', ({ state }) => state === 'ok');
  return { journald, daemon };
}

for (const [what, shell, identifier] of [
  ["journald's own protocol", CONNECTED, 'bartizan'],
  ['standard error, under the name of another', PLAIN, 'sshd'],
] as const)
  test(`what it logs by ${what} is passed over by the watcher: no loop, and the lines of others only`, {
    skip: noJournald(),
  }, async (t) => {
    const { journald, daemon } = await watchedByItself(t, shell);
    const ATTACKERS = 20;
    const own = async () => (await component(daemon, 'journal:', () => true)).counters['own'] ?? 0;
    const before = await own();
    // Each makes a finding, and a line of our own about what was decided.
    for (let i = 0; i < ATTACKERS; i++) {
      const lines = Array.from(
        { length: 5 },
        (_, port) => `Failed password for user${i} from 203.0.113.${i + 1} port ${port + 1} ssh2`,
      );
      journald.run('logger', ['-t', 'sshd'], lines.join('\n'));
    }
    const { counters } = await component(daemon, 'pipeline', (said) => said.counters['findings'] === ATTACKERS);
    assert.equal(counters['lines'], 5 * ATTACKERS);
    journald.sync();
    const logged = journald.run('journalctl', [
      '-q',
      '--no-pager',
      '-o',
      'cat',
      '-t',
      identifier,
      `_EXE=${process.execPath}`,
    ]);
    t.diagnostic(`${logged.trim().split('\n').length} lines of its own, ${(await own()) - before} since it follows`);
    assert.notEqual(logged.trim(), '', 'it logs there');
    journald.log('sshd', 'the last');
    const after = await component(daemon, 'pipeline', (said) => (said.counters['lines'] ?? 0) > 5 * ATTACKERS);
    assert.equal(after.counters['lines'], 5 * ATTACKERS + 1);
  });
