import { hostname } from 'node:os';
import type { Component } from '../../core/base/component.ts';
import type { Clock } from '../../core/base/ports.ts';
import { days, type Millis, millis, minutes } from '../../core/base/time.ts';
import type { Config } from '../../core/config/settings.ts';
import type { ParserDeclaration } from '../../core/event/declared/declaration.ts';
import { isProven, type Parser } from '../../core/event/event.ts';
import { JOURNAL_FIELDS, linesOf } from '../../core/event/journal-line.ts';
import { createParsers, isParserName, parserInfo } from '../../core/event/parsers.ts';
import { type JournalGap, type JournalOrigin, type LeftToJournal, toldByJournal } from '../../core/event/preference.ts';
import { UTC } from '../../core/event/syslog-time.ts';
import type { JournalOptions, JournalPort, JournalResult } from '../../native/journal/index.ts';
import type { JournalPreference } from '../pipeline/index.ts';
import type { JournalLoss } from '../watchers/journal/index.ts';

/** What of the configuration tells which files are read and how. */
type LeadConfig = Pick<Config, 'hostname'> & {
  readonly parsers: readonly ParserDeclaration[];
  readonly watchers: { readonly files: readonly { readonly parser: string }[] };
};

/** Longer than this files do not wait for a journal that is not read to its end. */
const PATIENCE: Millis = minutes(5);
/** A program that said nothing to the journal for so long may have been told to log elsewhere. */
const LATELY: Millis = days(7);
/** So many of its entries are looked at for one that is from the program itself. */
const SAMPLE = { entries: 256, bytes: 256 * 1024 } as const;
const MOST_GAPS = 100;

type OpenJournal = (options: JournalOptions) => Promise<JournalResult<JournalPort>>;

/**
 * Where journal and file carry the same service the journal leads: it knows who sent what. Files wait at the start until
 * the journal was read to its end, because what was logged while nothing ran here stands in both. While the journal is
 * not there or cannot be read, the files tell everything; when it comes back it tells what came meanwhile once more.
 */
export class JournalLead implements JournalPreference {
  readonly ownHosts: readonly string[];
  readonly #parsers: readonly { readonly name: string; readonly programs: readonly string[] }[];
  readonly #clock: Clock;
  readonly #parse: Parser;
  readonly #seen: JournalOrigin[] = [];
  #gaps: readonly JournalGap[] = [];
  /** Whether it is read, kept up with or catching up; undefined until that is known. */
  #isFollowed: boolean | undefined;
  #told: ReadonlyMap<string, LeftToJournal> = new Map();
  #known = Promise.withResolvers<void>();
  #cancelPatience: () => void = () => {};

  constructor({ watchers, hostname: own, parsers: declared }: LeadConfig, clock: Clock) {
    this.#clock = clock;
    const names = [own, hostname()].flatMap((name) => [name, name.split('.', 1)[0] ?? name]);
    this.ownHosts = [...new Set(names.map((name) => name.toLowerCase()))];
    // Whoever names no unit reads nothing of the journal.
    const told = declared.filter(({ units }) => units !== undefined);
    const programsOf = (name: string): readonly string[] =>
      (isParserName(name) ? parserInfo(name).programs : told.find((one) => one.name === name)?.programs) ?? [];
    this.#parse = createParsers({ zone: UTC, declared }).get('syslog') ?? (() => ({ unparsed: 'empty' }));
    this.#parsers = [...new Set(watchers.files.map(({ parser }) => parser))].map((name) => ({
      name,
      programs: programsOf(name),
    }));
  }

  told(parser: string): LeftToJournal | undefined {
    return this.#told.get(parser);
  }

  seen(origins: readonly JournalOrigin[]): void {
    this.#seen.push(...origins);
    this.#renew();
  }

  /** The journal is about to be followed: nothing is known until it was read to its end. */
  begin(): void {
    this.#isFollowed = undefined;
    this.#cancelPatience();
    this.#cancelPatience = this.#clock.after(PATIENCE, () => this.#know(false));
  }

  /** It is followed from now on, and what was logged before is left where it is. */
  beginsHere(): void {
    this.#addGap({ from: millis(0), until: wholeSecond(this.#clock.now()) });
  }

  /** Entries that it does not give any more may stand in the files. */
  lost({ why, after, before }: JournalLoss): void {
    if (why === 'missing') return;
    this.#addGap({ from: after, until: wholeSecond(before ?? this.#clock.now()) });
  }

  /** What its watcher says of it. */
  hear({ state }: Component): void {
    if (state !== 'starting') this.#know(state === 'ok' || state === 'degraded');
  }

  /** Whether it is known what is left to the journal. */
  get isSettled(): boolean {
    return this.#isFollowed !== undefined;
  }

  /** Resolves as soon as it is. */
  async settled(): Promise<void> {
    while (!this.isSettled) await this.#known.promise;
  }

  /**
   * Asks the journal which of the programs in the files it carries, so that their first lines already are left to it. Only
   * what is from the program itself counts: anybody may log under any name.
   */
  async ask(open: OpenJournal, source: JournalOptions['source']): Promise<void> {
    for (const program of new Set(this.#parsers.flatMap(({ programs }) => programs))) {
      if (!program.endsWith('*') && (await this.#holds(open, source, program))) this.seen([{ program }]);
    }
  }

  async #holds(open: OpenJournal, source: JournalOptions['source'], program: string): Promise<boolean> {
    const now = this.#clock.now();
    const matches = [[{ field: 'SYSLOG_IDENTIFIER', value: program }]];
    const opened = await open({ source, fields: JOURNAL_FIELDS, matches });
    if (!opened.ok) return false;
    const port = opened.value;
    const sought = await port.seek({ to: 'time', at: millis(Math.max(0, now - LATELY)) });
    const found = sought.ok ? await port.read(SAMPLE) : sought;
    await port.close();
    return found.ok && linesOf(found.value, now).some((line) => isProven(this.#parse(line)));
  }

  #know(isFollowed: boolean): void {
    this.#cancelPatience();
    this.#isFollowed = isFollowed;
    this.#renew();
    this.#known.resolve();
    this.#known = Promise.withResolvers();
  }

  #addGap(gap: JournalGap): void {
    this.#gaps = [...this.#gaps, gap].slice(-MOST_GAPS);
    this.#renew();
  }

  #renew(): void {
    const offer = { isFollowed: this.#isFollowed === true, seen: this.#seen, gaps: this.#gaps };
    this.#told = toldByJournal(this.#parsers, offer);
  }
}

/** Lines of files tell their time to the second. */
const wholeSecond = (at: Millis): Millis => millis(Math.floor(at / 1000) * 1000);
