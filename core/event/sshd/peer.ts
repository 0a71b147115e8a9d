import { type Ip, parseIp } from '../../base/ip.ts';

/**
 * The longest message sshd hands to syslog(3): its format is `%.500s`. User names are escaped to four bytes a byte before
 * that cut, so a hostile name can push the true address off the end and leave a forged one standing there. The right
 * end of a message this long is therefore never believed.
 */
const SSHD_MESSAGE_BYTES = 500;

/** What a message says besides its action; filled in by the message table. */
export interface Fields {
  user?: string;
  userUnknown?: true;
  sourceIp?: Ip;
  sourcePort?: number;
  method?: string;
  repeats?: number;
  /** The message may have lost its end: see `SSHD_MESSAGE_BYTES`. */
  readonly isCut: boolean;
}

/** Whether sshd may have cut this message. Counts the most bytes the text can have had, so it errs towards yes. */
export function mayBeCut(message: string): boolean {
  if (message.length >= SSHD_MESSAGE_BYTES) return true;
  if (message.length * 3 < SSHD_MESSAGE_BYTES) return false;
  let bytes = 0;
  for (let i = 0; i < message.length; i++) {
    const code = message.charCodeAt(i);
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
  }
  return bytes >= SSHD_MESSAGE_BYTES;
}

/**
 * Reads `ADDRESS port N` at the very end of `text`, before which stands text an attacker may have chosen.
 * @param lead what must stand right before the address
 * @returns the index at which `lead` begins, or -1 when the text does not end so
 */
export function peerAtEnd(text: string, lead: string, fields: Fields): number {
  const at = text.lastIndexOf(' port ');
  if (at < 0) return -1;
  const port = portOf(text.slice(at + 6));
  if (port === undefined) return -1;
  return addressAtEnd(text.slice(0, at), lead, fields, port);
}

/** As `peerAtEnd`, for the releases and messages that write no port. */
export function addressAtEnd(text: string, lead: string, fields: Fields, port?: number): number {
  const start = text.lastIndexOf(' ') + 1;
  const from = start - lead.length;
  if (from < 0 || start === text.length || !text.startsWith(lead, from)) return -1;
  if (!fields.isCut) setPeer(text.slice(start), port, fields);
  return from;
}

/**
 * Reads `ADDRESS` or `ADDRESS port N` at the very start of `text`; what follows may be anything. Right for messages in
 * which sshd writes nothing of the client's before the address.
 * @returns the index behind it, or -1 when there is no word
 */
export function peerAtStart(text: string, fields: Fields): number {
  const space = text.indexOf(' ');
  const end = space < 0 ? text.length : space;
  if (end === 0) return -1;
  const hasPort = text.startsWith(' port ', end);
  if (!hasPort) {
    const isPunctuated = /[:,.]$/.test(text.slice(0, end));
    const address = text.slice(0, isPunctuated ? end - 1 : end);
    setPeer(address, undefined, fields);
    return address.length;
  }
  let stop = end + 6;
  while (stop < text.length && stop < end + 11 && isDigit(text.charCodeAt(stop))) stop++;
  setPeer(text.slice(0, end), portOf(text.slice(end + 6, stop)), fields);
  return stop;
}

/** Sets the address when it is one: with UseDNS sshd writes names, and `UNKNOWN` when it does not know. */
export function setPeer(address: string, port: number | undefined, fields: Fields): void {
  const ip = parseIp(address);
  if (!ip.ok) return;
  fields.sourceIp = ip.value.text;
  if (port !== undefined && port > 0 && port <= 65_535) fields.sourcePort = port;
}

/** A decimal of up to five digits that is all of `text`. */
function portOf(text: string): number | undefined {
  if (text.length === 0 || text.length > 5) return undefined;
  let port = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code)) return undefined;
    port = port * 10 + code - 48;
  }
  return port;
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
