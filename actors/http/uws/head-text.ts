import type { HttpReply } from '../../../core/api/http.ts';

/** All headers as if they were one, since a call into the engine costs more than what it does. */
export interface HeadText {
  readonly name: string;
  /** The first one's value and, line by line, the others. A string is ASCII. */
  readonly rest: string | Uint8Array;
}

/** Turns all headers but `connection` into one. @throws when one of them cannot be sent as it is */
export type HeadWriter = (headers: HttpReply['headers']) => HeadText | undefined;

/** A header looked at before, with the text of all up to it. */
interface Known extends HeadText {
  readonly rest: string;
  readonly key: string;
  readonly value: string;
  readonly isAscii: boolean;
}

const LINE = /^[a-z0-9-]+: [\t -~\x80-\xff]*$/;

/**
 * Remembers the last reply's headers: the next has the same but for a few at its end, and a line that went out before
 * need not be looked at again. The engine looks at nothing, so what is not one line of text must not get past here.
 */
export function headWriter(): HeadWriter {
  let known: readonly Known[] = [];
  return (headers) => {
    let last: Known | undefined;
    let at = 0;
    let met = 0;
    for (const key in headers) {
      if (key === 'connection') continue;
      const value = headers[key] ?? '';
      const before = met === 0 ? known[at] : undefined;
      if (before !== undefined && before.key === key && before.value === value) last = before;
      else {
        last = behind(last, key, value);
        met++;
      }
      at++;
    }
    // One that changes with every reply is not worth remembering, nor forgetting the others for.
    if (met > 1) known = allOf(headers);
    return last === undefined || last.isAscii ? last : { name: last.name, rest: Buffer.from(last.rest, 'latin1') };
  };
}

function behind(last: Known | undefined, key: string, value: string): Known {
  const line = `${key}: ${value}`;
  if (!LINE.test(line)) throw new Error('a header cannot be sent');
  const isAscii = (last === undefined || last.isAscii) && /^[\t -~]*$/.test(value);
  return last === undefined
    ? { name: key, rest: value, key, value, isAscii }
    : { name: last.name, rest: `${last.rest}\r\n${line}`, key, value, isAscii };
}

function allOf(headers: HttpReply['headers']): readonly Known[] {
  const all: Known[] = [];
  for (const key in headers) if (key !== 'connection') all.push(behind(all.at(-1), key, headers[key] ?? ''));
  return all;
}
