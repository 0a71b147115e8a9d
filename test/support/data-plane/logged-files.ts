import { existsSync } from 'node:fs';
import { appendFile, copyFile, mkdir, readdir, readFile, rename, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { fingerprintOf } from '../../../core/event/framing.ts';
import { type Chance, chance } from '../mixed-log/chance.ts';
import type { LogName, MixedLine } from '../mixed-log/lines.ts';
import { mixedLog } from '../mixed-log/mixed-log.ts';
import { firstLogin, furtherAttacks } from './further-attacks.ts';

const HOUR = 3_600_000;
const PARSERS: Readonly<Record<LogName, string>> = { auth: 'syslog', mail: 'syslog', web: 'nginx-access' };
const LOGS = Object.keys(PARSERS) as readonly LogName[];
/** Every attack of its own there is, after so many lines of the mixed log. */
const ATTACKS_EVERY = 400;

export interface LogParts {
  /** So many at least can be written. */
  readonly lines: number;
  readonly seed: number;
}

/**
 * Three logs of a busy host under attack, as its programs and its logrotate write them: lines in pieces, some cut short
 * until the next piece; files rotated by renaming or by copying and truncating. The same seed gives the same lines.
 */
export class LoggedFiles {
  readonly #directory: string;
  readonly #random: Chance;
  readonly #lines: Iterator<MixedLine>;
  /** Cut off the last piece. */
  readonly #rest = new Map<LogName, string>();
  written = 0;

  private constructor(directory: string, parts: LogParts) {
    this.#directory = directory;
    this.#random = chance(parts.seed);
    this.#lines = allLines(parts, this.#random);
  }

  static async make(directory: string, parts: LogParts): Promise<LoggedFiles> {
    await mkdir(directory);
    return new LoggedFiles(directory, parts);
  }

  /** As the configuration's `watchers.files` takes them. */
  get entries(): string {
    return `[${LOGS.map((log) => `{ path: ${this.#path(log)}, parser: ${PARSERS[log]} }`).join(', ')}]`;
  }

  /** Writes the next lines: all whole, but for the last of each file. */
  async write(count: number): Promise<void> {
    const pieces = new Map<LogName, string>();
    for (let i = 0; i < count; i++) {
      const next = this.#lines.next();
      if (next.done) throw new Error('the log is over');
      const { log, text } = next.value;
      pieces.set(log, `${pieces.get(log) ?? ''}${text}\n`);
    }
    this.written += count;
    for (const [log, text] of pieces) await this.#append(log, text);
  }

  /** Ends the lines that were cut short. */
  async finish(): Promise<void> {
    for (const [log, rest] of this.#rest) await appendFile(this.#path(log), rest);
    this.#rest.clear();
  }

  /** What logrotate does at night: one log moved away, another copied and emptied. */
  async rotate(): Promise<void> {
    await this.finish();
    await this.#shift('auth');
    if (existsSync(this.#path('auth'))) await rename(this.#path('auth'), `${this.#path('auth')}.1`);
    await this.#shift('web');
    if (!existsSync(this.#path('web'))) return;
    await copyFile(this.#path('web'), `${this.#path('web')}.1`);
    await truncate(this.#path('web'));
  }

  /** Lines of each file there is, by the fingerprint under which its lines are kept. */
  async census(): Promise<ReadonlyMap<string, { readonly name: string; readonly lines: number }>> {
    const files = new Map<string, { readonly name: string; readonly lines: number }>();
    for (const name of await readdir(this.#directory)) {
      const bytes = await readFile(join(this.#directory, name));
      const lines = bytes.toString('latin1').split('\n').length - 1;
      if (lines > 0) files.set(fingerprintOf(bytes.subarray(0, bytes.indexOf(0x0a))), { name, lines });
    }
    return files;
  }

  async #append(log: LogName, text: string): Promise<void> {
    const whole = (this.#rest.get(log) ?? '') + text;
    const cut = this.#random.below(3) === 0 ? this.#random.below(30) : 0;
    this.#rest.set(log, whole.slice(whole.length - cut));
    await appendFile(this.#path(log), whole.slice(0, whole.length - cut));
  }

  async #shift(log: LogName): Promise<void> {
    const numbered = (n: number): string => `${this.#path(log)}.${n}`;
    let free = 1;
    while (existsSync(numbered(free))) free++;
    for (; free > 1; free--) await rename(numbered(free - 1), numbered(free));
  }

  #path(log: LogName): string {
    return join(this.#directory, `${log}.log`);
  }
}

/** All of it in the past, whatever the host's time zone. */
function* allLines({ lines, seed }: LogParts, random: Chance): Generator<MixedLine> {
  const start = Date.now() - 6 * HOUR;
  yield firstLogin(start);
  let count = 0;
  for (const line of mixedLog({ lines, seed, rate: lines / (3 * 3600), attackers: 100, start })) {
    if (count++ % ATTACKS_EVERY === 0) yield* furtherAttacks(line.at, random);
    yield line.log === 'web' ? line : { ...line, text: line.text.replace(HEADER, new Date(line.at).toISOString()) };
  }
}

/** The time of a line of syslog, which does not name its zone. */
const HEADER = /^[A-Z][a-z]{2} [ \d]\d [\d:]{8}/;
