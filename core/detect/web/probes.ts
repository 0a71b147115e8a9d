import { decoded } from './decoded.ts';
import {
  CLIMB,
  DIRECT_READS,
  PANEL_PATHS,
  SECRET_PATHS,
  SHELL_FILES,
  SHELL_PHRASES,
  SQL_NAMES,
  SQL_PHRASES,
  SQL_SELECT,
  STEEP_CLIMBS,
  SYSTEM_FILES,
} from './probe-words.ts';
import { WordSpotter } from './word-spotter.ts';

const SECRET = 1;
const PANEL = 2;
const CLIMBING = 4;
const STEEP = 8;
const FILE = 16;
const DIRECT = 32;
const SQL = 64;
const NAME = 128;
const SELECT = 256;
const SHELL = 512;
const SHELL_FILE = 1024;

/** What means something in a path only. */
const OF_PATHS = SECRET | PANEL | SHELL_FILE;

/** What a request is after. */
export interface Probe {
  /** A path that nobody asks for by accident. */
  readonly isKnownBad: boolean;
  readonly isTraversal: boolean;
  readonly isSql: boolean;
  readonly isShell: boolean;
}

const NOTHING: Probe = { isKnownBad: false, isTraversal: false, isSql: false, isShell: false };

const marked = (words: readonly string[], bit: number): (readonly [string, number])[] =>
  words.map((word) => [word, bit]);

const WORDS = [
  ...marked(SECRET_PATHS, SECRET),
  ...marked(PANEL_PATHS, PANEL),
  [CLIMB, CLIMBING] as const,
  ...marked(STEEP_CLIMBS, STEEP),
  ...marked(SYSTEM_FILES, FILE),
  ...marked(DIRECT_READS, DIRECT),
  ...marked(SQL_PHRASES, SQL),
  ...marked(SQL_NAMES, NAME),
  [SQL_SELECT, SELECT] as const,
  ...marked(SHELL_PHRASES, SHELL),
  ...marked(SHELL_FILES, SHELL_FILE),
];

/** Tells what requests are after. One pass over path and query for all that is looked for, linear in their length. */
export class ProbeReader {
  /** Made for the first request: not every host has a web server. */
  #spotter: WordSpotter | undefined;

  /** @param status of the reply: a panel that is there is nothing bad */
  read(path: string, query: string | undefined, status: number): Probe {
    const inPath = this.#wordsIn(path);
    const inQuery = query === undefined ? 0 : this.#wordsIn(query) & ~OF_PATHS;
    const found = inPath | inQuery;
    if (found === 0) return NOTHING;
    const has = (bits: number): boolean => (found & bits) === bits;
    return {
      isKnownBad: has(SECRET) || (has(PANEL) && status >= 400),
      isTraversal: has(STEEP) || has(CLIMBING | FILE) || has(DIRECT),
      isSql: has(SQL) || has(NAME | SELECT),
      isShell: has(SHELL) || has(SHELL_FILE),
    };
  }

  /** Whether a header's text is an injected command. */
  isShell(text: string): boolean {
    return (this.#wordsIn(text) & SHELL) !== 0;
  }

  #wordsIn(text: string): number {
    this.#spotter ??= new WordSpotter(WORDS);
    return this.#spotter.spot(decoded(text));
  }
}
