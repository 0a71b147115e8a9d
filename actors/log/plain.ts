/** Longest text that goes into one line; the rest is cut off. */
const TEXT_LIMIT = 4096;
const DEPTH_LIMIT = 6;
const ITEM_LIMIT = 100;

/** Controls, bidirectional and other format characters, line and paragraph separators, lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

export const REDACTED = '[redacted]';

export interface PlainParts {
  readonly isSecret: (key: string) => boolean;
  /** The text of a stack as people are to read it. */
  readonly stackText: (stack: string) => string;
}

/** What may be written of a value: secrets out, control characters shown as `\xHH` or `\u{H…}`, bounded in size and depth. */
export function plain(value: unknown, parts: PlainParts, depth = 0): unknown {
  if (typeof value === 'string') return neutral(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? '[function]' : value;
  if (depth >= DEPTH_LIMIT) return '[deeper]';
  if (value instanceof Error) return plainError(value, parts, depth);
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (Array.isArray(value)) return value.slice(0, ITEM_LIMIT).map((item) => plain(item, parts, depth + 1));
  const entries = Object.entries(value).slice(0, ITEM_LIMIT);
  return Object.fromEntries(
    entries.map(([key, item]) => [neutral(key), parts.isSecret(key) ? REDACTED : plain(item, parts, depth + 1)]),
  );
}

export const neutral = (text: string): string =>
  (text.length > TEXT_LIMIT ? `${text.slice(0, TEXT_LIMIT)}…` : text).replace(UNPRINTABLE, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });

/** An error with what leads to it; the stack for a bug is worth its room. */
function plainError(error: Error, parts: PlainParts, depth: number): unknown {
  const code = (error as { code?: unknown }).code;
  return {
    name: neutral(error.name),
    message: neutral(error.message),
    ...(code === undefined ? {} : { code: plain(code, parts, depth + 1) }),
    ...(error.stack === undefined
      ? {}
      : {
          stack: parts
            .stackText(error.stack)
            .split('\n')
            .slice(1, 9)
            .map((line) => neutral(line.trim())),
        }),
    ...(error.cause === undefined ? {} : { cause: plain(error.cause, parts, depth + 1) }),
  };
}
