import { messageOf } from '../../core/base/result.ts';
import { type Millis, seconds } from '../../core/base/time.ts';
import { parseCursor, type RowKey } from '../../core/query/cursor.ts';
import { EVENT_FIELDS } from '../../core/query/event-fields.ts';
import type { FoundLine, SearchProgress } from '../../core/query/found.ts';
import { Page } from '../../core/query/page.ts';
import { asksWords, mayMatch, type Need, needOf } from '../../core/query/plan.ts';
import { checked, LINEAR_REGEX } from '../../core/query/regex.ts';
import { type Counted, Tally } from '../../core/query/tally.ts';
import type { Query } from '../../core/query/tree.ts';
import type { Block } from './block.ts';
import { Damage } from './bytes.ts';
import { countRows } from './count.ts';
import { breathe, elapsed, isSystemError } from './effects.ts';
import {
  blockAt,
  type DamagedPart,
  OpenFiles,
  type PlacedBlock,
  readHeader,
  type SegmentView,
  segmentsIn,
  viewSegment,
} from './segment-reader.ts';
import { compileSelection, countOf, type Mask, type Selection } from './select.ts';
import { blockSummary, entrySummary, segmentSummary } from './summaries.ts';
import { rowsWithWords } from './words-needed.ts';

/**
 * What a search tells: rows in the order of the query as soon as they are certain, about four times a second how far it
 * is, and at last `end`, unless it is cancelled. `refused` comes alone: a regular expression in the query is no good.
 */
export type SearchEvent =
  | { readonly kind: 'rows'; readonly rows: readonly FoundLine[] }
  | { readonly kind: 'progress'; readonly progress: SearchProgress }
  | { readonly kind: 'damage'; readonly part: DamagedPart }
  | { readonly kind: 'refused'; readonly why: string }
  | {
      readonly kind: 'end';
      /** False when the time was up: `next` then goes on where it stopped. */
      readonly complete: boolean;
      readonly next?: string;
      readonly counted?: Counted;
      readonly progress: SearchProgress;
    };

export interface SearchOptions {
  readonly signal?: AbortSignal;
  /** How long it may take; what is found by then is the answer. */
  readonly budget?: Millis;
  /** What a page may hold, roughly: the texts of its lines. A page that would hold more is shorter. */
  readonly pageBytes?: number;
}

export const DEFAULT_BUDGET: Millis = seconds(30);

const PAGE_BYTES = 16 << 20;
/** Without pause; then whoever else uses the thread has a turn. */
const STRETCH_MS = 15;
const PROGRESS_MS = 250;

/**
 * Searches the events in a directory, whether or not somebody is writing them. Reads the newest blocks first (or the
 * oldest, as the query says), and only those whose blooms and extents do not rule them out. What cannot be read is told
 * and passed over. Synchronous stretches of 15 ms: run it where that does not matter.
 * @throws the signal's reason when it is aborted; errno errors when the directory cannot be listed
 */
export async function* searchSegments(
  directory: string,
  query: Query,
  options: SearchOptions = {},
): AsyncGenerator<SearchEvent, void> {
  const ends = elapsed() + (options.budget ?? DEFAULT_BUDGET);
  const isLate = () => elapsed() >= ends;
  const punctual = checked(LINEAR_REGEX, () => {
    if (isLate()) throw new TimeIsUp();
  });
  const select = compileSelection(query, punctual);
  if (!select.ok) return yield { kind: 'refused', why: select.public };
  const files = new OpenFiles(directory);
  try {
    yield* new Search({ files, query, options, select: select.value, isLate }).run(directory);
  } finally {
    files.close();
  }
}

/** In the middle of a block, which then counts as not read. */
class TimeIsUp extends Error {}

interface SearchParts {
  readonly files: OpenFiles;
  readonly query: Query;
  readonly options: SearchOptions;
  readonly select: Selection;
  /** Whether its time is up. */
  readonly isLate: () => boolean;
}

class Search {
  readonly #files: OpenFiles;
  readonly #query: Query;
  readonly #options: SearchOptions;
  readonly #isLate: () => boolean;
  readonly #need: Need;
  readonly #asksWords: boolean;
  readonly #select: Selection;
  readonly #after: RowKey | undefined;
  readonly #page: Page<FoundLine>;
  readonly #tally: Tally | undefined;
  #damages: DamagedPart[] = [];
  #blocks = 0;
  #done = 0;
  #read = 0;
  #rows = 0;
  #matched = 0;

  constructor({ files, query, options, select, isLate }: SearchParts) {
    this.#files = files;
    this.#query = query;
    this.#options = options;
    this.#isLate = isLate;
    this.#select = select;
    this.#need = needOf(query.where, EVENT_FIELDS);
    this.#asksWords = asksWords(this.#need);
    this.#after = query.after === undefined ? undefined : parseCursor(query.after);
    this.#page = new Page(query, this.#after, options.pageBytes ?? PAGE_BYTES);
    this.#tally = query.count === undefined ? undefined : new Tally(query.count);
  }

  async *run(directory: string): AsyncGenerator<SearchEvent, void> {
    let paused = elapsed();
    let told = paused;
    const blocks = this.#candidates(directory);
    this.#blocks = blocks.length;
    for (const [i, block] of blocks.entries()) {
      const edge = this.#nearMoment(block);
      const rows = this.#tally === undefined ? this.#page.settled(edge) : [];
      if (rows.length > 0) yield { kind: 'rows', rows };
      if (this.#tally === undefined && !this.#page.reaches(edge)) break;
      if (this.#isLate()) return yield this.#end(edge);
      if (elapsed() - paused >= STRETCH_MS) {
        if (elapsed() - told >= PROGRESS_MS) {
          told = elapsed();
          yield { kind: 'progress', progress: this.#progress(edge) };
        }
        await breathe();
        this.#options.signal?.throwIfAborted();
        paused = elapsed();
      }
      if (!this.#visit(block)) return yield this.#end(edge);
      this.#done = i + 1;
      yield* this.#tellDamages();
    }
    yield* this.#tellDamages();
    const rows = this.#page.settled();
    if (rows.length > 0) yield { kind: 'rows', rows };
    yield this.#end();
  }

  /** The blocks that the time and the blooms of whole segments leave, in the order in which they are read. */
  #candidates(directory: string): readonly PlacedBlock[] {
    const blocks = segmentsIn(directory)
      .map((segment) => this.#view(segment))
      .filter(({ mayHave }) => mayMatch(this.#need, segmentSummary(mayHave)))
      .flatMap((view) => view.blocks)
      .filter((block) => this.#isInTime(block) && mayMatch(this.#need, entrySummary(block.entry)));
    return this.#query.order === 'newest'
      ? blocks.sort((a, b) => b.entry.maxAt - a.entry.maxAt)
      : blocks.sort((a, b) => a.entry.minAt - b.entry.minAt);
  }

  #view(segment: Parameters<typeof viewSegment>[1]): SegmentView {
    try {
      return viewSegment(this.#files, segment, (part) => this.#damages.push(part));
    } catch (thrown) {
      this.#damages.push({ file: String(segment.segment), at: 0, why: messageOf(thrown) });
      return { segment: segment.segment, blocks: [], mayHave: () => false };
    }
  }

  #isInTime({ entry: { minAt, maxAt } }: PlacedBlock): boolean {
    const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY, order } = this.#query;
    if (maxAt < from || minAt >= to) return false;
    if (this.#after === undefined) return true;
    return order === 'newest' ? minAt <= this.#after.at : maxAt >= this.#after.at;
  }

  #nearMoment({ entry }: PlacedBlock): number {
    return this.#query.order === 'newest' ? entry.maxAt : entry.minAt;
  }

  /**
   * Reads a block if it can hold a match. Damage is noted; a segment that was dropped meanwhile is gone.
   * @returns whether the time sufficed
   */
  #visit(placed: PlacedBlock): boolean {
    const { file: name, entry } = placed;
    try {
      const file = this.#files.get(name);
      if (file === undefined) return true;
      const header = readHeader(file, entry);
      if (!mayMatch(this.#need, blockSummary(header))) return true;
      this.#read++;
      this.#rows += header.rows;
      const block = blockAt(file, entry, header);
      const among = this.#asksWords ? rowsWithWords(this.#need, block) : undefined;
      if (among?.includes(1) !== false) this.#take(placed.segment, block, this.#select(block, among));
    } catch (thrown) {
      if (thrown instanceof TimeIsUp) return false;
      if (!(thrown instanceof Damage) && !isSystemError(thrown)) throw thrown;
      this.#damages.push({ file: name, at: entry.at, why: messageOf(thrown), rows: entry.rows });
    }
    return true;
  }

  #take(segment: number, block: Block, mask: Mask): void {
    const matched = countOf(mask);
    this.#matched += matched;
    if (this.#tally !== undefined) {
      countRows(block, mask, this.#query.count ?? { by: [] }, this.#tally);
      return;
    }
    if (matched === 0) return;
    const { moments, header } = block;
    const isNewest = this.#query.order === 'newest';
    for (let i = 0; i < mask.length; i++) {
      const row = isNewest ? mask.length - 1 - i : i;
      if (mask[row] === 0) continue;
      const key = { at: moments[row] as number, major: segment, minor: header.first + row };
      if (!this.#page.wants(key)) continue;
      const line = block.line(row);
      this.#page.add(key, { id: `${segment}.${key.minor}`, line }, line.message.length * 2 + ROW_BYTES);
    }
  }

  *#tellDamages(): Generator<SearchEvent> {
    for (const part of this.#damages.splice(0)) yield { kind: 'damage', part };
  }

  /** @param edge given when the time is up: the moment from which on nothing was read */
  #end(edge?: number): SearchEvent {
    const next = this.#tally === undefined ? this.#page.next(edge) : undefined;
    return {
      kind: 'end',
      complete: edge === undefined,
      ...(next === undefined ? {} : { next }),
      ...(this.#tally === undefined ? {} : { counted: this.#tally.result() }),
      progress: this.#progress(edge),
    };
  }

  #progress(edge?: number): SearchProgress {
    return {
      blocks: this.#blocks,
      done: this.#done,
      read: this.#read,
      rows: this.#rows,
      matched: this.#matched,
      ...(edge === undefined ? {} : { reached: edge as Millis }),
    };
  }
}

/** What a line holds besides its message, roughly. */
const ROW_BYTES = 500;
