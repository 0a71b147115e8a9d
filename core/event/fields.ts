import { canonicalIp, type Ip } from '../base/ip.ts';
import type { HttpFields } from './event.ts';

/** What a message says besides its action; filled in by the readers. */
export interface Fields {
  user?: string | undefined;
  userUnknown?: true | undefined;
  targetUser?: string | undefined;
  sourceIp?: Ip | undefined;
  sourcePort?: number | undefined;
  destinationIp?: Ip | undefined;
  destinationPort?: number | undefined;
  transport?: string | undefined;
  service?: string | undefined;
  method?: string | undefined;
  repeats?: number | undefined;
  http?: HttpFields | undefined;
  fields?: Readonly<Record<string, string>> | undefined;
  /**
   * The message may have lost its end, and with it the true address behind a hostile name: what now stands at its right
   * end is never believed.
   */
  readonly isCut: boolean;
}

/** Nothing said yet. All names are there: added one by one, they would make another kind of object at each step. */
export const noFields = (isCut: boolean): Fields => ({
  user: undefined,
  userUnknown: undefined,
  targetUser: undefined,
  sourceIp: undefined,
  sourcePort: undefined,
  destinationIp: undefined,
  destinationPort: undefined,
  transport: undefined,
  service: undefined,
  method: undefined,
  repeats: undefined,
  http: undefined,
  fields: undefined,
  isCut,
});

/**
 * The most bytes of a message that every syslog daemon hands on: RFC 3164 cuts a packet at 1,024, and what stands before
 * the message takes up to about 120 of them.
 */
export const SYSLOG_BYTES = 900;

/** Whether a message may have been cut at `limit` bytes. Counts the most bytes it can have had, so it errs towards yes. */
export function mayBeCut(message: string, limit: number): boolean {
  if (message.length >= limit) return true;
  if (message.length * 3 < limit) return false;
  let bytes = 0;
  for (let i = 0; i < message.length; i++) {
    const code = message.charCodeAt(i);
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
  }
  return bytes >= limit;
}

/** Sets the address when it is one: where names are looked up, programs write names, or `UNKNOWN`. */
export function setPeer(address: string, port: number | undefined, fields: Fields): void {
  const ip = canonicalIp(address);
  if (ip === undefined) return;
  fields.sourceIp = ip;
  if (port !== undefined && port > 0 && port <= 65_535) fields.sourcePort = port;
}

/** Sets the user name; an empty one, or `?`, is none. */
export function setName(name: string, fields: Fields): void {
  if (name !== '' && name !== '?') fields.user = name;
}

/** How many like events the line stands for, when it is more than one. */
export function setRepeats(times: number, fields: Fields): void {
  if (times >= 2 && times <= MOST_REPEATS) fields.repeats = times;
}

/** A line that claims more is no line of a program's. */
const MOST_REPEATS = 1_000_000_000;

export const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** A decimal of up to five digits that is all of `text`. */
export function portOf(text: string): number | undefined {
  if (text.length === 0 || text.length > 5) return undefined;
  let port = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code)) return undefined;
    port = port * 10 + code - 48;
  }
  return port;
}

/**
 * Where `part` stands in `text`, if it stands there once. A client that can write it a second time makes the message
 * ambiguous, and then neither is believed.
 * @returns an index, or -1
 */
export function onlyIndexOf(text: string, part: string, from = 0): number {
  const first = text.indexOf(part, from);
  return first >= 0 && text.indexOf(part, first + 1) < 0 ? first : -1;
}
