import { fail, ok, type Result } from '../base/result.ts';

/** `word`: bare; `text`: in double quotes, as JSON writes strings. `end` stands behind the last one. */
export interface Token {
  readonly kind: 'word' | 'text' | 'sign' | 'end';
  /** Of a text, what it stands for. */
  readonly value: string;
  /** UTF-16 units from the start of the query. */
  readonly at: number;
  readonly length: number;
}

export interface Misread {
  readonly at: number;
  readonly why: string;
}

const BLANK = /[ \t\r\n]+/y;
const SIGN = /!=|<=|>=|[=<>(),|]/y;
const WORD = /[^\s()|,"=<>!]+/y;
const TEXT = /"(?:[^"\\]|\\.)*"/sy;

/** Cuts a query into tokens; the last is `end`. */
export function tokensOf(query: string): Result<readonly Token[], 'misread'> & { readonly misread?: Misread } {
  const tokens: Token[] = [];
  for (let at = 0; at < query.length; ) {
    const blank = matchAt(BLANK, query, at);
    if (blank !== undefined) {
      at += blank.length;
      continue;
    }
    const token = tokenAt(query, at);
    if ('why' in token) return { ...fail('misread', token.why), misread: token };
    tokens.push(token);
    at += token.length;
  }
  tokens.push({ kind: 'end', value: '', at: query.length, length: 0 });
  return ok(tokens);
}

function tokenAt(query: string, at: number): Token | Misread {
  const sign = matchAt(SIGN, query, at);
  if (sign !== undefined) return { kind: 'sign', value: sign, at, length: sign.length };
  const word = matchAt(WORD, query, at);
  if (word !== undefined) return { kind: 'word', value: word, at, length: word.length };
  if (query[at] !== '"') return { at, why: `"${query[at]}" has no meaning here; put text into double quotes` };
  const text = matchAt(TEXT, query, at);
  if (text === undefined) return { at, why: 'the quote is not closed' };
  const value = unquoted(text);
  return value === undefined
    ? { at, why: 'the text in quotes is not as JSON writes it: write \\" for a quote and \\\\ for a backslash' }
    : { kind: 'text', value, at, length: text.length };
}

function matchAt(pattern: RegExp, query: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(query)?.[0];
}

function unquoted(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}
