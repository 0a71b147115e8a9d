import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { checkOf } from '../../core/detect/checks.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { KeptLine } from '../../core/event/kept.ts';
import { Daemon, stateDir } from '../support/daemon.ts';
import { LoggedFiles } from '../support/data-plane/logged-files.ts';
import { LoggedJournal } from '../support/data-plane/logged-journal.ts';
import { eventsOf, idsOf, placeOf, type Remains, remainsOf } from '../support/data-plane/remains.ts';
import { SyslogSender } from '../support/data-plane/syslog-sender.ts';
import { freePort } from '../support/free-port.ts';
import { noJournald } from '../support/journald.ts';
import { Namespace } from '../support/namespaces.ts';
import { SEED, seeded } from '../support/random.ts';
import { waitFor } from '../support/wait-for.ts';

/** `BARTIZAN_KILL_ROUNDS` gives another number. */
const ROUNDS = Number(process.env['BARTIZAN_KILL_ROUNDS'] ?? 20);
/** Written while it is down, so that the next start has something to catch up with. */
const BACKLOG = 2000;
const PIECE = 12;

const random = seeded(SEED);
const below = (limit: number): number => Math.floor(random() * limit);

/** A daemon that is killed, and one beside it that reads the same files and the same journal and is left alone. */
class Twins {
  readonly edge = new Namespace('edge');
  readonly killed: Daemon;
  readonly calm: Daemon;
  readonly files: LoggedFiles;
  readonly journal: LoggedJournal;
  readonly sender: SyslogSender;
  readonly #site: string;

  private constructor(parts: Pick<Twins, 'killed' | 'calm' | 'files' | 'journal' | 'sender'> & { site: string }) {
    ({ killed: this.killed, calm: this.calm, files: this.files, journal: this.journal, sender: this.sender } = parts);
    this.#site = parts.site;
  }

  /** Both have begun to follow before anything is written: entries that a journal has at the first look are passed over. */
  static async start(): Promise<Twins> {
    const site = await stateDir();
    const port = await freePort();
    const twins = new Twins({
      site,
      killed: new Daemon(await stateDir()),
      calm: new Daemon(await stateDir()),
      files: await LoggedFiles.make(join(site, 'logs'), SEED),
      journal: await LoggedJournal.start(SEED),
      sender: new SyslogSender(port),
    });
    await twins.killed.configure(await twins.#config({ enabled: true, port }));
    await twins.calm.configure(await twins.#config({ enabled: false }));
    for (const daemon of [twins.calm, twins.killed]) {
      await daemon.start();
      await waitFor('the journal to be followed', async () => {
        const { body } = await daemon.call('GET', '/api/v1/status');
        return (
          body.components.some(
            ({ name, state }: { name: string; state: string }) => /^journal:/.test(name) && state === 'ok',
          ) || undefined
        );
      });
    }
    // A log that was never seen in its place is not looked for among rotated files.
    await twins.write(PIECE);
    await twins.files.finish();
    await waitFor('the logs to be read', () =>
      eventsOf(twins.killed.state).then((lines) => lines.length > PIECE || undefined),
    );
    await twins.killed.stop();
    return twins;
  }

  async #config({ enabled, port }: { readonly enabled: boolean; readonly port?: number }): Promise<string> {
    const syslog =
      port === undefined
        ? ''
        : `  syslog: [{ transport: tcp, listen: '127.0.0.1:${port}', parser: sshd, allowed: ['127.0.0.0/8'] }]\n`;
    return `
webui: { listen: '127.0.0.1:${await freePort()}' }
firewall: { enabled: ${enabled}, netns: ${this.edge.name} }
watchers:
  files: ${this.files.entries}
  journal: true
  journal_directory: ${this.journal.directory}
${syslog}`;
  }

  /** All sources at once, in pieces. */
  async write(lines: number): Promise<void> {
    for (let left = lines; left > 0; left -= PIECE) {
      await this.files.write(Math.min(PIECE, left));
      if (below(4) === 0) this.journal.write();
      if (below(6) === 0) await this.sender.attack();
      await pause(below(12));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.sender.close();
    await this.killed[Symbol.asyncDispose]();
    await this.calm[Symbol.asyncDispose]();
    await this.journal[Symbol.asyncDispose]();
    this.edge[Symbol.dispose]();
    await rm(this.#site, { recursive: true, force: true });
  }
}

type Round = (twins: Twins) => Promise<void>;

/** Where the kill falls. */
const DEATHS: Readonly<Record<string, Round>> = {
  'in its start': async ({ killed }) => {
    void killed.launch();
    await pause(random() * 900);
  },
  'while it catches up': async ({ killed, files }) => {
    await files.write(BACKLOG);
    await killed.start();
    await pause(random() * 250);
  },
  'while it follows': async (twins) => {
    await twins.killed.start();
    const writing = twins.write(150);
    await pause(random() * 500);
    await twins.killed.kill();
    await writing;
  },
  'about a rotation': async (twins) => {
    await twins.killed.start();
    const writing = twins.write(60);
    await pause(random() * 300);
    if (below(2) === 0) await twins.killed.kill();
    await writing;
    await twins.files.rotate();
    twins.journal.rotate();
    await twins.files.write(PIECE);
    await pause(random() * 100);
  },
};

const isSent = (line: KeptLine): boolean => line.host === 'peer01';
/** journald's own words reach whoever reads them first. */
const isWritten = (line: KeptLine): boolean => line.program !== 'systemd-journald';

test(`${ROUNDS} times kill -9 of the whole data plane: as if it had been left alone`, {
  skip: noJournald(),
  timeout: ROUNDS * 15_000 + 120_000,
}, async () => {
  await using twins = await Twins.start();
  const { killed, calm, files, journal } = twins;
  const deaths = Object.values(DEATHS);
  for (let round = 0; round < ROUNDS; round++) {
    await deaths[round % deaths.length]?.(twins);
    await killed.kill();
  }
  await killed.start();
  await twins.write(100);
  await files.finish();
  journal.sync();
  const written = files.written + journal.written;
  for (const { state } of [calm, killed]) await allKept(state, written);
  await allSentFound(twins);
  await calm.stop();
  await killed.stop();
  const [left, expected] = [await remainsOf(killed.state), await remainsOf(calm.state)];
  sameFindings(left, expected, twins);
  sameEvents(left, expected, written);
  const listed = await twins.edge.run('nft', '-j', 'list', 'set', 'inet', 'bartizan', 'blocked4');
  eachDecidedOnce(left, listed);
  report(twins, left);
});

async function allKept(state: string, written: number): Promise<void> {
  let kept = 0;
  const all = async (): Promise<true | undefined> => {
    kept = (await eventsOf(state)).filter((line) => !isSent(line) && isWritten(line)).length;
    return kept >= written || undefined;
  };
  await waitFor('all lines to be kept', all, { withinMs: 30_000, everyMs: 200 }).catch(() => {});
  assert.equal(kept, written, `lines kept in ${state}`);
}

/** The peer asks for what became of its attacks, as nothing else tells it, and sends again what is missing. */
async function allSentFound({ killed, sender }: Twins): Promise<void> {
  const found = async (): Promise<ReadonlySet<string>> => {
    const { body } = await killed.call('GET', '/api/v1/findings');
    return new Set(body.map(({ source_ip }: { source_ip: string }) => source_ip));
  };
  await sender.again(await found());
  await waitFor('all that was sent to be found', async () => {
    const sources = await found();
    return [...sender.sent.keys()].every((ip) => sources.has(ip)) || undefined;
  });
}

function sameFindings(left: Remains, expected: Remains, { sender }: Twins): void {
  const isOfSender = ({ subject }: Finding): boolean => sender.sent.has(subject.value);
  assert.deepEqual(idsOf(left.findings.filter((one) => !isOfSender(one))), idsOf(expected.findings));
  assert.deepEqual(
    left.findings.filter(({ check }) => /damage|loss|not_kept/.test(check)),
    [],
  );
  for (const [ip, sent] of sender.sent) {
    const made = left.findings.filter(({ check, subject }) => subject.value === ip && check === 'ssh_bruteforce');
    assert.ok(made.length >= 1 && made.length <= sent, `${made.length} findings of ${ip}, sent ${sent} times`);
  }
}

function sameEvents({ events }: Remains, expected: Remains, written: number): void {
  const places = (lines: readonly KeptLine[]): readonly string[] =>
    lines
      .filter((line) => !isSent(line) && isWritten(line))
      .map(placeOf)
      .sort();
  const mine = places(events);
  assert.deepEqual(mine, places(expected.events));
  assert.equal(mine.length, written);
  assert.equal(new Set(events.map(({ position }) => `${position.source} ${position.offset}`)).size, events.length);
}

function eachDecidedOnce({ findings, decisions }: Remains, listed: string): void {
  const active = decisions.filter(({ state }) => state === 'active');
  const standing = new Set(decisions.filter(({ state }) => /active|pending/.test(state)).map(({ ip }) => ip as string));
  const named = decisions.flatMap((decision) => decision.findings);
  assert.equal(new Set(named).size, named.length, 'a finding decides once');
  assert.equal(new Set(active.map(({ ip }) => ip)).size, active.length, 'an address is blocked once');
  const unanswered = findings.filter(
    ({ check, subject, provenance }) =>
      checkOf(check)?.response.kind === 'block' && provenance === 'file' && !standing.has(subject.value),
  );
  assert.deepEqual(unanswered, [], 'every finding that blocks was acted upon');
  const spoofed = findings.filter(
    ({ subject, provenance }) => provenance === 'spoofable' && standing.has(subject.value),
  );
  assert.deepEqual(spoofed, [], 'what anybody can send blocks nobody');
  const inV4 = active.filter(({ ip }) => !ip.includes(':'));
  assert.deepEqual(elementsOf(listed), inV4.map(({ ip, id }) => `${ip} ${id}`).sort());
}

function report({ files, journal, sender }: Twins, { findings, decisions, events }: Remains): void {
  const checks = new Set(findings.map(({ check }) => check)).size;
  const sent = [...sender.sent.values()].reduce((sum, times) => sum + times, 0);
  console.log(
    `${ROUNDS} kills (seed ${SEED}): ${files.written} lines in files, ${journal.written} in the journal, ${sent} attacks sent; ` +
      `${events.length} events kept, ${findings.length} findings of ${checks} checks, ${decisions.length} decisions`,
  );
}

interface Listed {
  readonly nftables: readonly {
    readonly set?: { readonly elem?: readonly { readonly elem: { readonly val: string; readonly comment: string } }[] };
  }[];
}

const elementsOf = (json: string): string[] =>
  (JSON.parse(json) as Listed).nftables
    .flatMap(({ set }) => set?.elem ?? [])
    .map(({ elem }) => `${elem.val} ${elem.comment}`)
    .sort();
