import type { Millis } from '../base/time.ts';

/** A parser that followed files are read with, as far as the journal may say the same. */
export interface FileParser {
  readonly name: string;
  /**
   * Names of the programs whose lines it reads, as they stand in the lines; one that ends in `*` is any that begins so.
   * None for logs without such names.
   */
  readonly programs: readonly string[];
}

/** What this host's journal has given so far, or holds. */
export interface JournalOffer {
  /** It is read and keeps up. While it is not, the files are all there is. */
  readonly isFollowed: boolean;
  /** What entries were logged under; each pair once. */
  readonly seen: readonly JournalOrigin[];
  /** Of what was logged then it told nothing and will not. */
  readonly gaps: readonly JournalGap[];
}

export interface JournalOrigin {
  /** `SYSLOG_IDENTIFIER`. */
  readonly program?: string;
  /** `_SYSTEMD_UNIT`. */
  readonly unit?: string;
}

/** From the one moment to before the other, by the wall clock. */
export interface JournalGap {
  readonly from: Millis;
  readonly until: Millis;
}

/** What of a file is left to the journal. */
export interface LeftToJournal {
  readonly programs: ReadonlySet<string>;
  readonly gaps: readonly JournalGap[];
}

/** Where programs run that log under several names, of which the journal may not have shown each yet. */
const UNITS: ReadonlyMap<string, RegExp> = new Map([
  ['sshd', /^sshd?(?:@.*)?\.service$/],
  ['sshd-session', /^sshd?(?:@.*)?\.service$/],
  ['sshd-auth', /^sshd?(?:@.*)?\.service$/],
  ['dovecot', /^dovecot\.service$/],
  ['exim', /^exim4?\.service$/],
  ['exim4', /^exim4?\.service$/],
  ['vsftpd', /^vsftpd\.service$/],
  ['proftpd', /^proftpd\.service$/],
]);

/**
 * Which programs' lines of which files are told by the journal as well, and are to be left out of the file: the journal
 * knows who sent them. A program counts as told from the first entry of it, or of the unit it runs in; asking the journal
 * at the start what it holds makes that the first line. Lines of other hosts in the same file stay, see `isToldByJournal`.
 * @returns by the parser's name; parsers of which nothing is left out are not in it
 */
export function toldByJournal(
  parsers: readonly FileParser[],
  { isFollowed, seen, gaps }: JournalOffer,
): ReadonlyMap<string, LeftToJournal> {
  if (!isFollowed) return new Map();
  const names = new Set(seen.flatMap(({ program }) => program ?? []));
  const units = [...new Set(seen.flatMap(({ unit }) => unit ?? []))];
  const isTold = (program: string): boolean =>
    names.has(program) || units.some((unit) => UNITS.get(program)?.test(unit) === true);
  const toldOf = (program: string): readonly string[] => {
    if (!program.endsWith('*')) return isTold(program) ? [program] : [];
    const opening = program.slice(0, -1);
    return [...names].filter((name) => name.startsWith(opening));
  };
  const told = parsers.map(
    ({ name, programs }) => [name, { programs: new Set(programs.flatMap(toldOf)), gaps }] as const,
  );
  return new Map(told.filter(([, { programs }]) => programs.size > 0));
}

/**
 * Whether a line of a file is one that the journal tells too. Only for lines that a syslog daemon wrote: what a program
 * writes to a file of its own goes past the journal, whatever else it says there.
 * @param left of its file's parser, from `toldByJournal`
 * @param ownHosts this host's names in lower case, short and in full: a file may hold lines that other hosts sent
 */
export function isToldByJournal(
  { program, host, at }: { readonly program?: string; readonly host?: string; readonly at: Millis },
  { programs, gaps }: LeftToJournal,
  ownHosts: ReadonlySet<string>,
): boolean {
  if (program === undefined || !programs.has(program)) return false;
  if (host !== undefined && !ownHosts.has(host.toLowerCase())) return false;
  return !gaps.some(({ from, until }) => from <= at && at < until);
}
