import { fail, ok, type Result } from '../base/result.ts';

/** Names that reach an object's prototype in careless code further on. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Reads JSON that arrives from outside: UTF-8 without a byte order mark, one value and nothing behind it, no name twice
 * in one object, no `__proto__`, no number beyond a double, at most `depth` objects and arrays inside one another.
 */
export function parseStrictJson(bytes: Uint8Array, depth: number): Result<unknown, 'bad_json'> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail('bad_json', 'body is not valid UTF-8');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail('bad_json', text.trim() === '' ? 'body is empty; JSON expected' : 'body is not valid JSON');
  }
  const flaw = flawIn(text, depth);
  return flaw === undefined ? ok(value) : fail('bad_json', flaw);
}

/** Looks for what JSON.parse lets pass. `text` is known to be well-formed, which makes one look at each token enough. */
function flawIn(text: string, maxDepth: number): string | undefined {
  /** Names seen in each open object; `undefined` for an open array. */
  const open: (Set<string> | undefined)[] = [];
  let nameExpected = false;
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]|-?\d[\d.eE+-]*/g)) {
    const names = open.at(-1);
    if (token === '{' || token === '[') {
      if (open.push(token === '{' ? new Set() : undefined) > maxDepth) return `body is nested deeper than ${maxDepth}`;
    } else if (token === '}' || token === ']') open.pop();
    else if (nameExpected && names !== undefined && token.startsWith('"')) {
      const flaw = nameFlaw(token, names);
      if (flaw !== undefined) return flaw;
    } else if (!token.startsWith('"') && token !== ',' && !Number.isFinite(Number(token))) {
      return `number ${token.slice(0, 40)} is out of range`;
    }
    nameExpected = token === '{' || (token === ',' && names !== undefined);
  }
  return undefined;
}

function nameFlaw(token: string, names: Set<string>): string | undefined {
  const name = JSON.parse(token) as string;
  const shown = JSON.stringify(name.slice(0, 64));
  if (FORBIDDEN_KEYS.has(name)) return `field ${shown} is not allowed`;
  if (names.has(name)) return `field ${shown} is given twice`;
  names.add(name);
  return undefined;
}
