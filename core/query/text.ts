/**
 * Case is that of ASCII letters alone, everywhere in a search. Full Unicode folding would make bytes that look nothing
 * alike equal (the Kelvin sign and `k`), and what a bloom holds of a text could no longer be told from its bytes.
 */
export function fold(text: string): string {
  // Without other letters JavaScript's own folding is the same, and much faster.
  return NON_ASCII.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text.toLowerCase();
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it means what it says, every character beyond ASCII
const NON_ASCII = /[^\x00-\x7f]/;

/** Letters, digits, `_`, and everything beyond ASCII. */
export const isWordUnit = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) ||
  (code >= 0x30 && code <= 0x39) ||
  code === 0x5f ||
  (code >= 0x41 && code <= 0x5a) ||
  code >= 0x80;

/**
 * Whether `needle` stands in `text` so that no word of either runs on across its edges: `grep -w`. Both folded already.
 * An empty needle stands everywhere.
 */
export function hasWords(text: string, needle: string): boolean {
  if (needle === '') return true;
  const opens = isWordUnit(needle.charCodeAt(0));
  const closes = isWordUnit(needle.charCodeAt(needle.length - 1));
  for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + 1)) {
    const end = at + needle.length;
    if (opens && at > 0 && isWordUnit(text.charCodeAt(at - 1))) continue;
    if (closes && end < text.length && isWordUnit(text.charCodeAt(end))) continue;
    return true;
  }
  return false;
}

/** `needle` without the words at its edges that may run on in the text it stands in. */
export function withoutOpenWords(needle: string, open: { readonly start: boolean; readonly end: boolean }): string {
  let start = 0;
  let end = needle.length;
  if (open.start) while (start < end && isWordUnit(needle.charCodeAt(start))) start++;
  if (open.end) while (end > start && isWordUnit(needle.charCodeAt(end - 1))) end--;
  return needle.slice(start, end);
}

/** One character of a glob: itself, any one, or any run. */
type GlobToken = string | 'one' | 'any';
const ONE = 'one';
const ANY = 'any';

/**
 * Compiles a glob of `Pattern`. The test takes at most pattern × text steps: on a mismatch only the last `*` is widened.
 * Characters are UTF-16 units.
 */
export function globTest(pattern: string): (text: string) => boolean {
  const tokens = globTokens(pattern);
  return (text) => {
    let at = 0;
    let token = 0;
    let star = -1;
    let starAt = 0;
    while (at < text.length) {
      const want = tokens[token];
      if (want === ANY) {
        star = token++;
        starAt = at;
      } else if (want !== undefined && (want === ONE || want === text[at])) {
        at++;
        token++;
      } else if (star >= 0) {
        token = star + 1;
        at = ++starAt;
      } else return false;
    }
    while (tokens[token] === ANY) token++;
    return token === tokens.length;
  };
}

function globTokens(pattern: string): readonly GlobToken[] {
  const tokens: GlobToken[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const unit = pattern[i] ?? '';
    if (unit === '*') {
      if (tokens.at(-1) !== ANY) tokens.push(ANY);
    } else if (unit === '?') tokens.push(ONE);
    else if (unit === '\\' && i + 1 < pattern.length) tokens.push(pattern[++i] ?? '');
    else tokens.push(unit);
  }
  return tokens;
}
