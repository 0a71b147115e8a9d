import { type Fields, isDigit, portOf, setPeer } from '../fields.ts';

/**
 * The longest message sshd hands to syslog(3): its format is `%.500s`. User names are escaped to four bytes a byte before
 * that cut, so a hostile name can push the true address off the end and leave a forged one standing there. The right
 * end of a message this long is therefore never believed.
 */
export const SSHD_MESSAGE_BYTES = 500;

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
