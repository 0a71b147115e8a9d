import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Component } from '../../../core/base/component.ts';
import type { KeptLine } from '../../../core/event/kept.ts';
import { Daemon, stateDir } from '../daemon.ts';
import { freePort } from '../free-port.ts';
import { Namespace } from '../namespaces.ts';
import { SEED, seeded } from '../random.ts';
import { waitFor } from '../wait-for.ts';
import { LoggedFiles } from './logged-files.ts';
import { LoggedJournal } from './logged-journal.ts';
import { eventsOf, remainsOf } from './remains.ts';
import { SyslogSender } from './syslog-sender.ts';

const PIECE = 12;
const SENDER = 'peer01';

/** A line that both must keep: not of the sender, and not one of journald's own, which reach whoever reads them first. */
export const isOfBoth = ({ host, program }: KeptLine): boolean => host !== SENDER && program !== 'systemd-journald';

/** A log that has not come yet is waited for. */
const isAtRest = ({ state, counters }: Component): boolean =>
  (state === 'ok' || state === 'waiting') && (counters['lag'] ?? 0) === 0;

/** A daemon that is disturbed, and one beside it that reads the same files and the same journal and is left alone. */
export class Twins {
  readonly disturbed: Daemon;
  readonly calm: Daemon;
  readonly edge: Namespace;
  readonly files: LoggedFiles;
  readonly journal: LoggedJournal;
  readonly sender: SyslogSender;
  readonly #rest: AsyncDisposable;
  readonly #random = seeded(SEED);

  private constructor(
    parts: Pick<Twins, 'disturbed' | 'calm' | 'edge' | 'files' | 'journal' | 'sender'>,
    rest: AsyncDisposable,
  ) {
    this.disturbed = parts.disturbed;
    this.calm = parts.calm;
    this.edge = parts.edge;
    this.files = parts.files;
    this.journal = parts.journal;
    this.sender = parts.sender;
    this.#rest = rest;
  }

  /**
   * Both have begun to follow before they are let go: entries that a journal has at the first look are passed over. No log is
   * there yet. The disturbed one is down.
   * @param state directory of the disturbed one
   * @param lines will be written to files at most
   */
  static async start(state: string, lines: number): Promise<Twins> {
    await using stack = new AsyncDisposableStack();
    const disturbed = stack.use(new Daemon(state));
    const calm = stack.use(new Daemon(await stateDir()));
    const site = await stateDir();
    stack.defer(() => rm(site, { recursive: true, force: true }));
    const edge = stack.use(new Namespace('edge'));
    const port = await freePort();
    const sender = stack.adopt(new SyslogSender(SENDER, port), (one) => one.close());
    const journal = stack.use(await LoggedJournal.start(SEED));
    const files = await LoggedFiles.make(join(site, 'logs'), { lines, seed: SEED });
    const twins = new Twins({ disturbed, calm, edge, files, journal, sender }, stack.move());
    try {
      await twins.#begin(port);
    } catch (cause) {
      await twins[Symbol.asyncDispose]();
      throw cause;
    }
    return twins;
  }

  async #begin(port: number): Promise<void> {
    const syslog = `  syslog: [{ transport: tcp, listen: '127.0.0.1:${port}', parser: sshd, allowed: ['127.0.0.0/8'] }]\n`;
    await this.disturbed.configure((await this.#config('true')) + syslog);
    await this.calm.configure(await this.#config('false'));
    for (const daemon of [this.calm, this.disturbed]) {
      await daemon.start();
      await waitFor('the journal to be followed', async () => {
        const { body } = await daemon.call('GET', '/api/v1/status');
        const isFollowed = ({ name, state }: Component): boolean => name.startsWith('journal:') && state === 'ok';
        return body.components.some(isFollowed) || undefined;
      });
    }
    await this.disturbed.stop();
  }

  async #config(isEnforcing: 'true' | 'false'): Promise<string> {
    return `
webui: { listen: '127.0.0.1:${await freePort()}' }
firewall: { enabled: ${isEnforcing}, netns: ${this.edge.name} }
events: { keep_free_percent: 0 }
watchers:
  files: ${this.files.entries}
  journal: true
  journal_directory: ${this.journal.directory}
`;
  }

  /** Lines in files and in the journal so far. */
  get written(): number {
    return this.files.written + this.journal.written;
  }

  /** All sources at once, in pieces. */
  async write(lines: number): Promise<void> {
    const below = (limit: number): number => Math.floor(this.#random() * limit);
    for (let left = lines; left > 0; left -= PIECE) {
      await this.files.write(Math.min(PIECE, left));
      if (below(4) === 0) this.journal.write();
      if (below(6) === 0) await this.sender.attack();
      await pause(below(12));
    }
  }

  /** Waits until a daemon has read and kept all that was written. @throws when it has not in 30 s */
  async allKept(daemon: Daemon): Promise<void> {
    await this.files.finish();
    let kept: readonly KeptLine[] = [];
    const all = async (): Promise<true | undefined> => {
      kept = (await eventsOf(daemon.state)).filter(isOfBoth);
      return kept.length >= this.written || undefined;
    };
    await waitFor('all lines to be kept', all, { withinMs: 30_000, everyMs: 100 }).catch(async (cause: unknown) => {
      const who = daemon === this.calm ? 'the calm one' : 'the disturbed one';
      const { body } = await daemon.call('GET', '/api/v1/status');
      const sources = JSON.stringify(body.components.filter(({ name }: Component) => /^(?:file|journal):/.test(name)));
      const missing = (await this.#missing(kept)).join(', ');
      throw new Error(`${who} has kept ${kept.length} of ${this.written} lines; ${missing}; ${sources}`, { cause });
    });
  }

  async #missing(kept: readonly KeptLine[]): Promise<readonly string[]> {
    const bySource = Map.groupBy(kept, ({ position }) => position.source);
    return [...(await this.files.census())].flatMap(([source, { name, lines }]) => {
      const count = bySource.get(source)?.length ?? 0;
      return count === lines ? [] : [`${count} of ${lines} of ${name}`];
    });
  }

  /** Waits until the disturbed one has its store on disk and has read every source to its end, over a start, which catches up. */
  async settle(): Promise<void> {
    await this.files.finish();
    await this.#isWell();
    await this.disturbed.stop();
    await this.disturbed.start();
    await this.#isWell();
  }

  async #isWell(): Promise<void> {
    let ailing: readonly Component[] = [];
    const isWell = async (): Promise<true | undefined> => {
      const components = (await this.disturbed.call('GET', '/api/v1/status')).body.components as readonly Component[];
      ailing = components.filter((one) => /^(?:store|events|file:|journal:)/.test(one.name) && !isAtRest(one));
      return ailing.length === 0 || undefined;
    };
    await waitFor('all to be well', isWell, { withinMs: 30_000 }).catch((cause: unknown) => {
      throw new Error(JSON.stringify(ailing), { cause });
    });
  }

  /** The sender asks for what became of its attacks, as nothing else tells it, and sends again what is missing. */
  async allSentFound(): Promise<void> {
    await this.disturbed.stop();
    const { findings } = await remainsOf(this.disturbed.state);
    await this.disturbed.start();
    const again = await this.sender.again(new Set(findings.map(({ subject }) => subject.value)));
    await waitFor(`what was sent again to be found: ${again.join()}`, async () => {
      const { body } = await this.disturbed.call('GET', '/api/v1/findings');
      const found = new Set(body.map(({ source_ip }: { source_ip: string }) => source_ip));
      return again.every((ip) => found.has(ip)) || undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rest[Symbol.asyncDispose]();
  }
}
