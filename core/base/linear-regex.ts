import { RE2JS } from 're2js';
import { fail, messageOf, ok, type Result } from './result.ts';

/** A pattern in RE2 syntax, written by an operator or taken from a rule, whose matching takes time linear in the text. */
export interface LinearRegex {
  readonly source: string;
  /** Names of the groups `(?P<name>…)` or `(?<name>…)`, in the order of their numbers. */
  readonly groups: readonly string[];
  /** Whether the pattern matches anywhere in the text. Much the cheaper question. */
  test(text: string): boolean;
  /**
   * The leftmost match.
   * @returns what the named groups matched, in the order of `groups`, undefined where one took no part; undefined when
   *   there is no match
   */
  match(text: string): readonly (string | undefined)[] | undefined;
}

export interface RegexOptions {
  readonly ignoreCase?: boolean;
  /** `.` matches a line break too. */
  readonly dotAll?: boolean;
}

/** The longest pattern that is read, in UTF-16 units. */
export const LONGEST_PATTERN = 4096;

/**
 * The largest automaton that is made of a pattern. Time is text × automaton at worst: `((x{1,30}){1,30})$` has 1,864
 * instructions and takes 50 µs a character. What people write for logs has about 100.
 */
const MOST_INSTRUCTIONS = 1000;

/**
 * Reads a pattern. Everything that cannot be matched in linear time (back-references, look-around) and everything too
 * large is refused, with the part that is at fault. The only place that knows the engine.
 */
export function compileLinearRegex(source: string, options: RegexOptions = {}): Result<LinearRegex, 'bad_regex'> {
  if (source.length > LONGEST_PATTERN) {
    return fail('bad_regex', `has ${source.length} characters; at most ${LONGEST_PATTERN} are read`);
  }
  // Asked for in any case: a library that is not there is no fault of the pattern.
  const { CASE_INSENSITIVE, DOTALL } = RE2JS;
  const flags = (options.ignoreCase === true ? CASE_INSENSITIVE : 0) | (options.dotAll === true ? DOTALL : 0);
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(source, flags);
  } catch (thrown) {
    return fail('bad_regex', reasonOf(thrown));
  }
  const size = compiled.programSize();
  if (size > MOST_INSTRUCTIONS) {
    return fail('bad_regex', `makes an automaton of ${size} instructions; at most ${MOST_INSTRUCTIONS} are allowed`);
  }
  return ok(new Re2(source, compiled));
}

class Re2 implements LinearRegex {
  readonly source: string;
  readonly groups: readonly string[];
  readonly #compiled: RE2JS;
  readonly #numbers: readonly number[];

  constructor(source: string, compiled: RE2JS) {
    this.source = source;
    this.#compiled = compiled;
    const named = Object.entries(compiled.namedGroups() as Record<string, number>).sort(([, a], [, b]) => a - b);
    this.groups = named.map(([name]) => name);
    this.#numbers = named.map(([, number]) => number);
  }

  test(text: string): boolean {
    return this.#compiled.test(text);
  }

  /** Most texts do not match, and the engine says so several times faster when it need not tell where. */
  match(text: string): readonly (string | undefined)[] | undefined {
    if (!this.#compiled.test(text)) return undefined;
    const matcher = this.#compiled.matcher(text);
    if (!matcher.find()) return undefined;
    return this.#numbers.map((number) => matcher.group(number) ?? undefined);
  }
}

/** The engine's own words, without its preamble: `missing closing ): "("`. */
const reasonOf = (thrown: unknown): string => messageOf(thrown).replace(/^error parsing regexp: /, '');
