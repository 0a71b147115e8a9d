/** Controls, format characters (bidirectional, zero-width, tags), line and paragraph separators, lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** `text` with every unprintable character written as `\xHH` or `\uHHHH`, so that it drives no terminal and hides nothing. */
export const printable = (text: string): string =>
  text.replace(UNPRINTABLE, (char) => {
    const code = char.charCodeAt(0);
    return char.length === 1 && code < 0x100 ? `\\x${hex(code, 2)}` : escapedUnits(char);
  });

/** JSON as one line that is safe on a terminal: what JSON leaves raw is written as a JSON escape, so it parses back equal. */
export const printableJson = (value: unknown): string =>
  (JSON.stringify(value) ?? 'null').replace(UNPRINTABLE, escapedUnits);

/** At most `limit` UTF-16 units, the last one `…` when something was cut off. */
export const shortened = (text: string, limit: number): string =>
  text.length <= limit ? text : `${text.slice(0, Math.max(0, limit - 1))}…`;

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');

const escapedUnits = (char: string): string =>
  char
    .split('')
    .map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`)
    .join('');
