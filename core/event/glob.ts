import { fail, ok, type Result } from '../base/result.ts';

/** One path segment of a pattern: a literal name, a pattern for names, or `**`. */
export type GlobSegment = { readonly literal: string } | { readonly pattern: readonly Token[] } | 'any-depth';

/** `any`: `*`. A class holds inclusive code point ranges. */
type Token =
  | { readonly char: string }
  | 'one'
  | 'any'
  | { readonly not: boolean; readonly ranges: readonly (readonly [number, number])[] };

export interface Glob {
  readonly text: string;
  /** The pattern has no wildcard: it names one path. */
  readonly literal: boolean;
  readonly segments: readonly GlobSegment[];
}

/**
 * Reads an absolute path or pattern. `\` takes the next character literally. Refused: relative paths, `.` and `..`
 * segments, an unclosed `[`, a `**` that is not a whole segment or ends the pattern, and NUL.
 */
export function compileGlob(text: string): Result<Glob, 'bad_glob'> {
  const bad = (why: string) => fail('bad_glob', `"${text}" ${why}`);
  if (!text.startsWith('/')) return bad('is not an absolute path');
  if (text.includes('\0')) return bad('holds a NUL byte');
  if (text.endsWith('/')) return bad('names a directory; add the file names to follow, e.g. *.log');
  const segments: GlobSegment[] = [];
  for (const part of text.slice(1).split('/')) {
    if (part === '') continue;
    if (part === '.' || part === '..') return bad(`holds a "${part}" segment; write the path without it`);
    const segment = part === '**' ? 'any-depth' : compileName(part);
    if (segment === undefined) return bad('holds an unclosed [ or a ** beside other characters');
    if (segment === 'any-depth' && segments.at(-1) === 'any-depth') continue;
    segments.push(segment);
  }
  if (segments.length === 0) return bad('names no file');
  if (segments.at(-1) === 'any-depth') return bad('ends in **; add the file names to follow, e.g. **/*.log');
  return ok({ text, literal: segments.every(isLiteral), segments });
}

/** The path a literal pattern names, escapes resolved. */
export const literalPath = (glob: Glob): string =>
  `/${glob.segments.map((segment) => (isLiteral(segment) ? segment.literal : '')).join('/')}`;

/** Whether the last segment of the pattern matches `name`. */
export function matchesName(glob: Glob, name: string): boolean {
  const last = glob.segments.at(-1);
  return last !== undefined && last !== 'any-depth' && matchesSegment(last, name);
}

export const isLiteral = (segment: GlobSegment): segment is { readonly literal: string } =>
  segment !== 'any-depth' && 'literal' in segment;

function compileName(part: string): GlobSegment | undefined {
  const tokens: Token[] = [];
  const chars = [...part];
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] ?? '';
    if (char === '\\' && i + 1 < chars.length) tokens.push({ char: chars[++i] ?? '' });
    else if (char === '?') tokens.push('one');
    else if (char === '*') {
      if (chars[i + 1] === '*') return undefined;
      tokens.push('any');
    } else if (char === '[') {
      const end = chars.indexOf(']', chars[i + 1] === '!' || chars[i + 1] === '^' ? i + 3 : i + 2);
      if (end < 0) return undefined;
      tokens.push(compileClass(chars.slice(i + 1, end)));
      i = end;
    } else tokens.push({ char });
  }
  const literal = tokens.map((token) => (typeof token === 'object' && 'char' in token ? token.char : undefined));
  return literal.includes(undefined) ? { pattern: tokens } : { literal: literal.join('') };
}

function compileClass(inner: readonly string[]): Token {
  const not = inner[0] === '!' || inner[0] === '^';
  const chars = not ? inner.slice(1) : inner;
  const ranges: [number, number][] = [];
  for (let i = 0; i < chars.length; i++) {
    const low = chars[i]?.codePointAt(0) ?? 0;
    const isRange = chars[i + 1] === '-' && i + 2 < chars.length;
    ranges.push([low, isRange ? (chars[i + 2]?.codePointAt(0) ?? 0) : low]);
    if (isRange) i += 2;
  }
  return { not, ranges };
}

/** Linear in name × pattern: on a mismatch only the last `*` is widened, which is enough for globs. */
export function matchesSegment(segment: Exclude<GlobSegment, 'any-depth'>, name: string): boolean {
  if ('literal' in segment) return segment.literal === name;
  const { pattern } = segment;
  if (name.startsWith('.') && !isChar(pattern[0], '.')) return false;
  const chars = [...name];
  let at = 0;
  let token = 0;
  let star = -1;
  let starAt = 0;
  while (at < chars.length) {
    const want = pattern[token];
    if (want === 'any') {
      star = token++;
      starAt = at;
    } else if (want !== undefined && matchesOne(want, chars[at] ?? '')) {
      at++;
      token++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (pattern[token] === 'any') token++;
  return token === pattern.length;
}

const isChar = (token: Token | undefined, char: string): boolean =>
  typeof token === 'object' && 'char' in token && token.char === char;

function matchesOne(token: Exclude<Token, 'any'>, char: string): boolean {
  if (token === 'one') return true;
  if ('char' in token) return token.char === char;
  const code = char.codePointAt(0) ?? 0;
  return token.ranges.some(([low, high]) => low <= code && code <= high) !== token.not;
}
