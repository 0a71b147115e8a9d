import { beginsWithDot, matchesNamePattern, type NamePattern, parseNamePattern } from '../base/name-pattern.ts';
import { fail, ok, type Result } from '../base/result.ts';

/** One path segment of a pattern. */
export type GlobSegment = NamePattern | 'any-depth';

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
    const segment = part === '**' ? 'any-depth' : parseNamePattern(part);
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

/** As a shell has it: a name that begins with a dot is matched by a pattern that does. */
export const matchesSegment = (segment: NamePattern, name: string): boolean =>
  (!name.startsWith('.') || beginsWithDot(segment)) && matchesNamePattern(segment, name);
