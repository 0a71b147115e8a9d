import { matchesNamePattern, type NamePattern, parseNamePattern } from './name-pattern.ts';
import { fail, ok, type Result } from './result.ts';

/** Whether a path matches. */
export type PathPattern = (path: string) => boolean;

const LONGEST = 1024;

/**
 * Reads a glob for whole absolute paths, as a shell has it: `*`, `?` and classes stay within one segment.
 * Refused: what does not begin with `/`, is longer than 1,024 characters, or holds an unclosed `[` or a `**`.
 */
export function parsePathPattern(text: string): Result<PathPattern, 'bad_pattern'> {
  if (!text.startsWith('/')) return fail('bad_pattern', 'a path pattern begins with /');
  if (text.length > LONGEST) return fail('bad_pattern', `a path pattern has at most ${LONGEST} characters`);
  const segments: NamePattern[] = [];
  for (const part of text.split('/')) {
    const segment = parseNamePattern(part);
    if (segment === undefined) return fail('bad_pattern', 'a path pattern has no ** and closes every [');
    segments.push(segment);
  }
  return ok((path) => {
    const names = path.split('/');
    return (
      names.length === segments.length && segments.every((segment, i) => matchesNamePattern(segment, names[i] ?? ''))
    );
  });
}
