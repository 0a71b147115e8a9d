import type { Escaping } from './log-format.ts';

/**
 * A value as it was before the web server escaped it. nginx writes bytes as `\xHH`, Apache so and a few as `\"`, `\\`,
 * `\t`, JSON has its own; bytes that are not UTF-8 become U+FFFD.
 */
export function unescapeValue(text: string, escaping: Escaping): string {
  if (!text.includes('\\')) return text;
  return escaping === 'json' ? text.replace(JSON_ESCAPES, oneOfJson) : text.replace(BYTE_ESCAPES, someBytes);
}

const JSON_ESCAPES = /\\(?:u([0-9A-Fa-f]{4})|(["\\/bfnrt]))/g;
/** Bytes in a row are one piece of UTF-8. */
const BYTE_ESCAPES = /(?:\\x[0-9A-Fa-f]{2})+|\\(["\\abfnrtv])/g;

const LETTERS: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

const letterOf = (letter: string): string => LETTERS[letter] ?? letter;

const oneOfJson = (_: string, hex: string | undefined, letter: string | undefined): string =>
  hex === undefined ? letterOf(letter ?? '') : String.fromCharCode(Number.parseInt(hex, 16));

function someBytes(written: string, letter: string | undefined): string {
  if (letter !== undefined) return letterOf(letter);
  const bytes = new Uint8Array(written.length / 4);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(written.slice(i * 4 + 2, i * 4 + 4), 16);
  return new TextDecoder().decode(bytes);
}
