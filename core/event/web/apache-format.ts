import { readCommonLogTime } from '../clock-text.ts';
import { compileTimeFormat, type TimeReader } from '../time-format.ts';
import {
  badFormat,
  type Extent,
  type FormatItem,
  type FormatResult,
  finished,
  type Meaning,
  type Variable,
} from './log-format.ts';

/** Directives without braces. */
const LETTERS: Readonly<Record<string, readonly [meaning: Meaning, extent: Extent]>> = {
  a: ['source-ip', 'word'],
  A: ['destination-ip', 'word'],
  B: ['bytes', 'word'],
  b: ['bytes', 'word'],
  D: ['nothing', 'word'],
  f: ['nothing', 'text'],
  h: ['source-ip', 'word'],
  H: ['nothing', 'word'],
  I: ['nothing', 'word'],
  k: ['nothing', 'word'],
  l: ['nothing', 'word'],
  L: ['nothing', 'word'],
  m: ['method', 'word'],
  O: ['bytes', 'word'],
  p: ['destination-port', 'word'],
  P: ['nothing', 'word'],
  q: ['query', 'text'],
  r: ['request', 'text'],
  R: ['nothing', 'word'],
  s: ['status', 'word'],
  S: ['nothing', 'word'],
  T: ['nothing', 'word'],
  u: ['user', 'text'],
  U: ['path', 'text'],
  v: ['host', 'word'],
  V: ['host', 'text'],
  X: ['nothing', 'word'],
};

/** Request headers that an event has a place for. */
const HEADERS: Readonly<Record<string, Meaning>> = { referer: 'referrer', 'user-agent': 'user-agent', host: 'host' };

/** Modifiers (`>`, `<`, status codes), then braces, then a letter, or a caret and two. */
const DIRECTIVE = /^%[!0-9,<>]*(?:\{([^}]*)\})?(\^[A-Za-z]{2}|[A-Za-z])/;

/** Path and query as they are mostly written: the query brings its own mark, so together they are what was asked for. */
const TARGET: Variable = { written: '%U%q', name: 'target', meaning: 'target', extent: 'text' };

/**
 * Reads Apache's `LogFormat` string, as it stands between the directive's quotes; `\"`, `\\`, `\t` and `\n` are the
 * characters they stand for.
 */
export function parseApacheFormat(text: string): FormatResult {
  const items: FormatItem[] = [];
  for (let at = 0; at < text.length; ) {
    const percent = text.indexOf('%', at);
    if (percent !== at) {
      const end = percent < 0 ? text.length : percent;
      items.push({ literal: unescaped(text.slice(at, end)) });
      at = end;
    } else if (text.startsWith('%%', at)) {
      items.push({ literal: '%' });
      at += 2;
    } else if (text.startsWith(TARGET.written, at)) {
      items.push(TARGET);
      at += TARGET.written.length;
    } else {
      const match = DIRECTIVE.exec(text.slice(at));
      if (match === null) return badFormat(`holds no directive at character ${at + 1}: "${text.slice(at, at + 12)}"`);
      const [written, argument, letter = ''] = match;
      const item = letter === 't' ? timeOf(written, argument) : variable(written, argument, letter);
      if (typeof item === 'string') return badFormat(item);
      items.push(item);
      at += written.length;
    }
  }
  return finished({ items, escaping: 'apache', program: 'apache2' });
}

function variable(written: string, argument: string | undefined, letter: string): Variable {
  const name = argument ?? letter;
  if (argument === undefined || letter === 'a' || letter === 'h' || letter === 'p') {
    const [meaning, extent] = (Object.hasOwn(LETTERS, letter) ? LETTERS[letter] : undefined) ?? ['nothing', 'text'];
    if (letter === 'a' && argument === 'c') return { written, name: 'peer_ip', meaning: 'field', extent };
    if (letter === 'p' && argument === 'remote') return { written, name, meaning: 'source-port', extent };
    return { written, name, meaning, extent };
  }
  const header = letter === 'i' ? argument.toLowerCase() : '';
  const meaning = Object.hasOwn(HEADERS, header) ? HEADERS[header] : undefined;
  return { written, name, meaning: meaning ?? 'field', extent: 'text' };
}

/** `%t` with its brackets; `%{FORMAT}t` without, of the request's beginning or end. */
function timeOf(written: string, argument: string | undefined): Variable | string {
  const about = { written, name: 't', meaning: 'time', extent: 'clock' } as const;
  if (argument === undefined) return { ...about, time: bracketed };
  const format = argument.replace(/^(?:begin|end):/, '');
  const named = { sec: 'epoch', msec: 'epoch_ms', usec: 'epoch_us' }[format] ?? format;
  const compiled = compileTimeFormat(named);
  return compiled.ok ? { ...about, time: compiled.value } : `${written} ${compiled.public}`;
}

/** `[22/Nov/2026:01:02:03 +0000]` */
const bracketed: TimeReader = (scan) => {
  if (!scan.skip(0x5b)) return undefined;
  const at = readCommonLogTime(scan);
  return scan.skip(0x5d) ? at : undefined;
};

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n' };

const unescaped = (literal: string): string =>
  literal.replace(/\\(.)/g, (_, letter: string) => (Object.hasOwn(ESCAPES, letter) ? (ESCAPES[letter] ?? '') : letter));
