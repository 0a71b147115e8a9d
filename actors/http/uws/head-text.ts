import { STATUS_CODES } from 'node:http';
import type { HttpReply } from '../../../core/api/http.ts';

/**
 * Status and all headers but `connection`, as the engine takes a status: a call into it costs more than what it does.
 * A string is ASCII.
 */
export type HeadText = string | Uint8Array;

/** Makes the text of a reply's head. @throws when a header cannot be sent as it is */
export type HeadWriter = (reply: Pick<HttpReply, 'status' | 'headers' | 'requestId'>) => HeadText;

/** A header, with the text of the status and all headers up to it. */
interface Known {
  readonly name: string;
  readonly value: string;
  readonly text: string;
  readonly isAscii: boolean;
}

const LINE = /^[a-z0-9-]+: [\t -~\x80-\xff]*$/;

/**
 * Remembers the last reply's head: the next mostly has the same, and a line that went out before need not be looked at
 * again. The engine looks at nothing, so what is not one line of text must not pass here.
 */
export function headWriter(): HeadWriter {
  let known: readonly Known[] = [];
  return ({ status, headers, requestId }) => {
    if (known[0]?.value !== String(status)) known = [statusLine(status)];
    let last = known[0] ?? statusLine(status);
    let at = 1;
    let met = 0;
    for (const name in headers) {
      if (name === 'connection') continue;
      const value = headers[name] ?? '';
      const before = met === 0 ? known[at] : undefined;
      if (before !== undefined && before.name === name && before.value === value) last = before;
      else {
        last = behind(last, name, value);
        met++;
      }
      at++;
    }
    if (met > 0) known = allOf(status, headers);
    const text = requestId === undefined ? last.text : `${last.text}\r\nx-request-id: ${requestId}`;
    return last.isAscii ? text : Buffer.from(text, 'latin1');
  };
}

const statusLine = (status: number): Known => ({
  name: '',
  value: String(status),
  text: `${status} ${STATUS_CODES[status] ?? 'Unknown'}`,
  isAscii: true,
});

function behind({ text, isAscii }: Known, name: string, value: string): Known {
  const line = `${name}: ${value}`;
  if (!LINE.test(line)) throw new Error('a header cannot be sent');
  return { name, value, text: `${text}\r\n${line}`, isAscii: isAscii && /^[\t -~]*$/.test(value) };
}

function allOf(status: number, headers: HttpReply['headers']): readonly Known[] {
  let last = statusLine(status);
  const all = [last];
  for (const name in headers) {
    if (name === 'connection') continue;
    last = behind(last, name, headers[name] ?? '');
    all.push(last);
  }
  return all;
}
