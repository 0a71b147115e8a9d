import type { Cidr } from '../../core/base/ip.ts';
import type { Result } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';
import type { ListSpec } from '../../core/config/lists-setting.ts';
import type { ListColumns } from '../../core/respond/lists/columns.ts';
import type { ListReading } from '../../core/respond/lists/reader.ts';

/** By what a source tells that it has not changed. */
export interface SourceMark {
  readonly etag?: string;
  readonly lastModified?: string;
  /** Of a file: what it is and when it was written. */
  readonly file?: string;
}

/** What a source had to say. */
export type Found = { readonly kind: 'unchanged' } | FoundList;

export interface FoundList {
  readonly kind: 'list';
  readonly reading: ListReading;
  readonly mark: SourceMark;
}

/** What of the settings is needed to fetch. */
export interface FetchSettings {
  readonly allowPrivate: readonly Cidr[];
  /** Path of a file with authorities. */
  readonly ca?: string;
  /** Ends what is under way. */
  readonly signal?: AbortSignal;
}

/** `unreachable`: it could not be read whole. `refused`: it was, and is not taken. */
export type SourceFailure = 'unreachable' | 'refused';

/** Reads a list's source, whatever it is. Never rejects. */
export type ReadSource = (
  spec: ListSpec,
  mark: SourceMark | undefined,
  settings: FetchSettings,
) => Promise<Result<Found, SourceFailure>>;

/** A list as it was at one moment. */
export interface Generation {
  /** Which list it is of: `listIdOf`. */
  readonly id: string;
  readonly number: number;
  readonly columns: ListColumns;
  readonly fetchedAt: Millis;
  readonly mark: SourceMark;
  readonly bad: number;
  readonly wide: number;
  /** What its sets are named after, where generations share them; else what they hold. */
  readonly stamp?: string;
}

/** A list, where two of one name are two: `id` as `listIdOf` has it. */
export interface NamedList {
  readonly name: string;
  readonly id: string;
}

/** The last good generation of each list, kept for the next start. Calls throw what the disk says. */
export interface GenerationStore {
  /** Whole and undamaged, or nothing; `damaged` says that there was one. */
  load(list: NamedList): Promise<{ readonly generation?: Generation; readonly damaged?: string }>;
  save(list: NamedList, generation: Generation): Promise<void>;
  /** Deletes all but these. */
  prune(lists: readonly NamedList[]): Promise<void>;
}
