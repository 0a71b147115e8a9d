import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { Journald } from '../journald.ts';
import { type Chance, chance } from '../mixed-log/chance.ts';

const TAGS = ['sshd', 'vsftpd', 'postfix/smtpd'] as const;
type Tag = (typeof TAGS)[number];

/** Entries of an attack are this many; every check counts fewer. */
const TRIES = 12;

const MESSAGES: Readonly<Record<Tag, (ip: string, i: number) => string>> = {
  sshd: (ip, i) => `Failed password for jroot from ${ip} port ${4000 + i} ssh2`,
  vsftpd: (ip, i) => `[jftp${i}] FAIL LOGIN: Client "${ip}"`,
  'postfix/smtpd': (ip, i) =>
    `warning: unknown[${ip}]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=j${i}`,
};

/** A real journald and programs that log to it. Whoever reads it knows `logger` as their sender, so nothing is blocked. */
export class LoggedJournal {
  readonly #journald: Journald;
  readonly #random: Chance;
  readonly #loggers: ReadonlyMap<Tag, ChildProcessByStdio<Writable, Readable, null>>;
  #attacks = 0;
  written = 0;

  private constructor(journald: Journald, seed: number) {
    this.#journald = journald;
    this.#random = chance(seed);
    this.#loggers = new Map(TAGS.map((tag) => [tag, journald.spawn('logger', ['-t', tag])]));
  }

  static async start(seed: number): Promise<LoggedJournal> {
    return new LoggedJournal(await Journald.start(), seed);
  }

  /** Where the files are, below a folder named by the machine's id. */
  get directory(): string {
    return this.#journald.persistent;
  }

  /** One attack: its entries, of a source of its own. */
  write(): void {
    const tag = this.#random.oneOf(TAGS);
    const ip = `100.65.${this.#attacks >> 8}.${this.#attacks & 255}`;
    this.#attacks++;
    for (let i = 0; i < TRIES; i++) this.#loggers.get(tag)?.stdin.write(`${MESSAGES[tag](ip, i)}\n`);
    this.written += TRIES;
  }

  rotate(): void {
    this.#journald.rotate();
  }

  sync(): void {
    this.#journald.sync();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#journald[Symbol.asyncDispose]();
  }
}
