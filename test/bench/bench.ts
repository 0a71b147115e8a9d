/** What came out: names end in their unit (`_ms`, `_us`, `_mb`, `_s`); a number without one is a count or a ratio. A text says what was measured. */
export type Figures = Readonly<Record<string, number | string>>;

/** A number that may be given as `--name N`. */
export interface Option {
  readonly about: string;
  readonly value: number;
}

/** A measurement. Not a test: nothing fails when it is slow, it throws when it could not measure. */
export interface Bench<K extends string = string> {
  readonly name: string;
  /** One line for the list. */
  readonly about: string;
  readonly options: Readonly<Record<K, Option>>;
  /** @param say prints a line for people */
  run(options: Readonly<Record<K, number>>, say: (line: string) => void): Promise<Figures>;
}

/** Holds `run` to the options declared beside it. */
export const declareBench = <K extends string>(bench: Bench<K>): Bench => bench;

/** What was measured did something wrong: the run ends with its figures all the same, and fails. */
export class Wrong extends Error {
  readonly figures: Figures;

  constructor(message: string, figures: Figures) {
    super(message);
    this.figures = figures;
  }
}
