/** Places of an event's numbers. */
export const ENTRY = {
  /** Of a key of 64 bits. */
  high: 0,
  low: 1,
  /** Milliseconds since the epoch. */
  at: 2,
  offset: 3,
  /** What distinct counts distinguish, where that is no text; 0 for none. */
  number: 4,
  traits: 5,
  weight: 6,
  /** 0 for none. */
  port: 7,
  /** Place in `PROVENANCES`. */
  provenance: 8,
  /** Filled in: the bytes that are held then. */
  held: 9,
} as const;

export const ENTRY_NUMBERS = 10;

export const MEASURE = { events: 0, values: 1, tries: 2 } as const;

/** See `WindowCheck`. */
export interface EngineCheck {
  /** Of `MEASURE`. */
  readonly measure: number;
  readonly threshold: number;
  readonly window: number;
  readonly quiet: number;
  readonly keeps: number;
  /** For `tries`. */
  readonly triesAtMost: number;
  readonly counts: number;
  readonly completes: number;
}

export interface EngineSettings {
  /** Keys are names, else 64 bits. */
  readonly keysAreTexts: boolean;
  readonly valuesAreTexts: boolean;
  /** Traits of events that count once in a connection. */
  readonly once: number;
  /** Whether connections are told apart. */
  readonly hasConnections: boolean;
  readonly checks: readonly EngineCheck[];
  /** 32 bits. */
  readonly salt: number;
}

/** See `Completed` in core/detect/sliding; `provenance` is a place in `PROVENANCES`. */
export type EngineCompleted = readonly [
  check: number,
  count: number,
  offset: number,
  firstAt: number,
  latestAt: number,
  provenance: number,
  source: string,
  values: readonly (string | number)[],
];

/**
 * What changed: keys that are gone, by halves or by name, and rows. Of each row there are, in `numbers`: its key's halves, its
 * turn, how many silences, texts and sightings; the silences as check and moment; and `STORED` numbers of each sighting. Its
 * texts are the next ones of `texts`, and its name, where keys are names, the next one of `names`.
 */
export interface EngineChanges {
  readonly turn: number;
  readonly newest: number;
  readonly gone: Float64Array;
  readonly goneNames: readonly string[];
  readonly numbers: Float64Array;
  readonly names: readonly string[];
  readonly texts: readonly string[];
}

/** Numbers of a row before its silences. */
export const ROW_HEAD = 6;
/** Numbers of a sighting, as `encodeTrail` has them. */
export const STORED = 9;

/** Sliding windows over one stream of events. A text that is empty is not there. */
export interface WindowEngine {
  /** @param numbers by `ENTRY` @returns undefined when the event completed nothing */
  step(
    numbers: Float64Array,
    name: string,
    source: string,
    value: string,
    peer: string,
  ): readonly EngineCompleted[] | undefined;
  /** Since the last call; undefined for nothing. */
  changes(): EngineChanges | undefined;
  clock(turn: number, newest: number): void;
  /** Puts a stored row back. @returns false when its key has one */
  put(
    high: number,
    low: number,
    name: string,
    turn: number,
    silences: Float64Array,
    sightings: Float64Array,
    texts: readonly string[],
  ): boolean;
  forget(high: number, low: number): void;
  evict(bytes: number): number;
  bytes(): number;
}

/** What becomes of a line, by its action. */
export const FATE = {
  /** Nobody wants to see it. */
  passed: 0,
  /** Nobody but the streams that are here. */
  judged: 1,
  /** Others want to see it, too. */
  shared: 2,
} as const;

/** Places of a run's numbers. */
export const RUN = {
  /** When the minute of the lines began, ms since the epoch. */
  began: 0,
  /** A line happened no later. */
  latest: 1,
  /** Where the piece begins. */
  offset: 2,
  /** Place in `PROVENANCES`. */
  provenance: 3,
  /** So many bytes more may be held. */
  room: 4,
  /** How many texts there are by now, with the empty one. */
  texts: 5,
  /** Filled in: 1 when the last line completed something. */
  completed: 6,
  /** Filled in: the bytes that are held then, by stream. */
  held: 7,
} as const;

export interface RowStream {
  readonly windows: WindowEngine;
  /** Keys are accounts and values sources; else keys are sources and values users. */
  readonly byAccount: boolean;
  /** By action, then whether the user is unknown, then who the user is: 0, or the place in `users` from 1 on. */
  readonly traits: Uint16Array;
}

export interface RowSettings {
  /** By action, of `FATE`. */
  readonly fates: Uint8Array;
  /** Users that traits tell apart. */
  readonly users: readonly string[];
  /** Bits of an IPv4 address that name a source: 1 to 32. */
  readonly v4Bits: number;
  /** Of an IPv6 address: 1 to 64. */
  readonly v6Bits: number;
  /** Texts are told apart by so many of their first units. */
  readonly longest: number;
}

/** Judges rows of `native/lines`. */
export interface RowEngine {
  /** The next texts, by where they begin and end in the piece. */
  learn(piece: Uint8Array, places: Uint32Array, count: number): void;
  /** All texts: numbers begin at 1 again. */
  forget(): void;
  /**
   * Judges rows up to one that completes something, after which no room is left, or that others want to see, too.
   * @param numbers by `RUN`, from `held` on as many as there are streams
   * @returns the place behind the last row that was judged
   * @throws RangeError when texts were learnt that the rows do not know, or rows know texts that were not learnt
   */
  run(rows: Uint32Array, from: number, to: number, numbers: Float64Array, source: string): number;
  /** What the line that was judged last completed in a stream; undefined for nothing. */
  completed(stream: number): readonly EngineCompleted[] | undefined;
}

/** What the addon makes. */
export interface WindowEngines {
  readonly Windows: new (settings: EngineSettings) => WindowEngine;
  readonly RowJudge: new (streams: readonly RowStream[], settings: RowSettings) => RowEngine;
}
