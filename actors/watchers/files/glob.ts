import { fail, ok, type Result } from '../../../core/base/result.ts';
import type { FileSystemPort } from './file-system.ts';

/** One path segment of a pattern: a literal name, a pattern for names, or `**`. */
type Segment = { readonly literal: string } | { readonly pattern: readonly Token[] } | 'any-depth';

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
  readonly segments: readonly Segment[];
}

/** How deep `**` goes below the directory it stands in; symbolic links to directories are not entered by it. */
export const MAX_DEPTH = 16;

/** A pattern that leads through more directories than this is cut off there. */
export const MAX_DIRECTORIES = 4096;

/**
 * Reads an absolute path or pattern. `\` takes the next character literally. Refused: relative paths, `.` and `..`
 * segments, an unclosed `[`, a `**` that is not a whole segment or ends the pattern, and NUL.
 */
export function compileGlob(text: string): Result<Glob, 'bad_glob'> {
  const bad = (why: string) => fail('bad_glob', `"${text}" ${why}`);
  if (!text.startsWith('/')) return bad('is not an absolute path');
  if (text.includes('\0')) return bad('holds a NUL byte');
  if (text.endsWith('/')) return bad('names a directory; add the file names to follow, e.g. *.log');
  const segments: Segment[] = [];
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

export interface Expansion {
  /** Sorted. Directories, FIFOs and the like are left out; a symbolic link is kept, whatever it leads to. */
  readonly paths: readonly string[];
  /** Every directory whose content decides the result and that exists. */
  readonly directories: readonly string[];
  /** There is more than `limit` or `MAX_DIRECTORIES` allowed. */
  readonly cut: boolean;
  /** A directory that could not be read, and why. */
  readonly trouble?: string;
}

/** Walks the file system for what `glob` matches, at most `limit` paths. */
export async function expandGlob(fs: FileSystemPort, glob: Glob, limit: number): Promise<Expansion> {
  const walk = { fs, glob, limit, paths: new Set<string>(), directories: new Set<string>(), cut: false, trouble: '' };
  await descend(walk, '', 0, 0);
  const found = { paths: [...walk.paths].sort(), directories: [...walk.directories].sort(), cut: walk.cut };
  return walk.trouble === '' ? found : { ...found, trouble: walk.trouble };
}

interface Walk {
  readonly fs: FileSystemPort;
  readonly glob: Glob;
  readonly limit: number;
  readonly paths: Set<string>;
  readonly directories: Set<string>;
  cut: boolean;
  trouble: string;
}

/** @param depth directories entered by the `**` that stands at `index` */
async function descend(walk: Walk, directory: string, index: number, depth: number): Promise<void> {
  const segment = walk.glob.segments[index];
  if (segment === undefined || walk.cut) return;
  const last = index === walk.glob.segments.length - 1;
  if (isLiteral(segment) && !last) return descend(walk, `${directory}/${segment.literal}`, index + 1, 0);
  if (segment === 'any-depth') await descend(walk, directory, index + 1, 0);
  const listed = await walk.fs.list(directory === '' ? '/' : directory);
  if (!listed.ok) {
    if (listed.code !== 'absent') walk.trouble = listed.public;
    return;
  }
  walk.directories.add(directory === '' ? '/' : directory);
  walk.cut ||= walk.directories.size > MAX_DIRECTORIES;
  for (const { name, kind } of listed.value) {
    const path = `${directory}/${name}`;
    if (segment === 'any-depth') {
      if (kind === 'directory' && !name.startsWith('.') && depth < MAX_DEPTH)
        await descend(walk, path, index, depth + 1);
    } else if (matchesSegment(segment, name)) {
      if (!last && (kind === 'directory' || kind === 'symbolic link')) await descend(walk, path, index + 1, 0);
      if (last && (kind === 'file' || kind === 'symbolic link' || kind === 'unknown')) {
        if (walk.paths.size >= walk.limit && !walk.paths.has(path)) walk.cut = true;
        else walk.paths.add(path);
      }
    }
    if (walk.cut) return;
  }
}

const isLiteral = (segment: Segment): segment is { readonly literal: string } =>
  segment !== 'any-depth' && 'literal' in segment;

function compileName(part: string): Segment | undefined {
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
function matchesSegment(segment: Exclude<Segment, 'any-depth'>, name: string): boolean {
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
