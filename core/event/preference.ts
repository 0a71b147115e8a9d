/** A followed log file, as far as the journal may say the same. */
export interface FileSource {
  readonly path: string;
  /** Names of the programs whose lines its parser reads, as they stand in the lines; none for a log without such names. */
  readonly programs: readonly string[];
}

/** What this host's journal has given so far, or holds. */
export interface JournalOffer {
  /** It is read and keeps up. While it is not, the files are all there is. */
  readonly isFollowed: boolean;
  /** What entries were logged under; each pair once. */
  readonly seen: readonly JournalOrigin[];
}

export interface JournalOrigin {
  /** `SYSLOG_IDENTIFIER`. */
  readonly program?: string;
  /** `_SYSTEMD_UNIT`. */
  readonly unit?: string;
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

const NOTHING: ReadonlySet<string> = new Set();

/**
 * Which programs' lines of which files are told by the journal as well, and are to be left out of the file: the journal
 * knows who sent them. A program counts as told from the first entry of it, or of the unit it runs in; asking the journal
 * at the start what it holds makes that the first line. Lines of other hosts in the same file stay, see `isToldByJournal`.
 * @returns by path; files of which nothing is left out are not in it
 */
export function toldByJournal(
  files: readonly FileSource[],
  { isFollowed, seen }: JournalOffer,
): ReadonlyMap<string, ReadonlySet<string>> {
  if (!isFollowed) return new Map();
  const names = new Set(seen.flatMap(({ program }) => program ?? []));
  const units = [...new Set(seen.flatMap(({ unit }) => unit ?? []))];
  const isTold = (program: string): boolean =>
    names.has(program) || units.some((unit) => UNITS.get(program)?.test(unit) === true);
  const told = files.map(({ path, programs }) => [path, new Set(programs.filter(isTold))] as const);
  return new Map(told.filter(([, programs]) => programs.size > 0));
}

/**
 * Whether a line of a file is one that the journal tells too.
 * @param told of its file, from `toldByJournal`
 * @param ownHosts this host's names in lower case, short and in full: a file may hold lines that other hosts sent
 */
export function isToldByJournal(
  { program, host }: { readonly program?: string; readonly host?: string },
  told: ReadonlySet<string> = NOTHING,
  ownHosts: ReadonlySet<string>,
): boolean {
  if (program === undefined || !told.has(program)) return false;
  return host === undefined || ownHosts.has(host.toLowerCase());
}
