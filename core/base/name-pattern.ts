/** A pattern for one name: a literal, or tokens. */
export type NamePattern = { readonly literal: string } | { readonly pattern: readonly Token[] };

/** `any`: `*`. A class holds inclusive code point ranges. */
type Token =
  | { readonly char: string }
  | 'one'
  | 'any'
  | { readonly not: boolean; readonly ranges: readonly (readonly [number, number])[] };

/**
 * Reads a glob for one name: `*`, `?`, `[a-z]`, `[!a-z]`, and `\` before a character that stands for itself.
 * @returns undefined for an unclosed `[` or a `**`
 */
export function parseNamePattern(part: string): NamePattern | undefined {
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
export function matchesNamePattern(wanted: NamePattern, name: string): boolean {
  if ('literal' in wanted) return wanted.literal === name;
  const { pattern } = wanted;
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

export function beginsWithDot(pattern: NamePattern): boolean {
  if ('literal' in pattern) return pattern.literal.startsWith('.');
  const [first] = pattern.pattern;
  return typeof first === 'object' && 'char' in first && first.char === '.';
}

function matchesOne(token: Exclude<Token, 'any'>, char: string): boolean {
  if (token === 'one') return true;
  if ('char' in token) return token.char === char;
  const code = char.codePointAt(0) ?? 0;
  return token.ranges.some(([low, high]) => low <= code && code <= high) !== token.not;
}
