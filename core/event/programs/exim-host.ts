import { type Fields, onlyIndexOf, portOf, setPeer } from '../fields.ts';

/**
 * A client as exim writes it: `host.name (HELO) [ADDRESS]:PORT`, of which the name, the greeting and the port may be
 * missing. The greeting is the client's. Exim admits a name or an address literal only, but can be told to admit junk,
 * so a greeting of any other form, or a second `) [` further on, makes the address doubtful and it is left out.
 */
const HOST =
  /(?:[A-Za-z0-9._-]+ )?(?:\((?:\[[0-9A-Za-z.:]*\]|[^()[\] ]*)\) )?\[([0-9a-f.:]+)\](?::(\d{1,5}))?(?![^ :,])/y;

/**
 * Reads the client at `start`, before which stands nothing of the client's.
 * @returns the index behind it, or -1 when there is none that is certain
 */
export function hostAt(text: string, start: number, fields: Fields): number {
  const host = new RegExp(HOST);
  host.lastIndex = start;
  const match = host.exec(text);
  if (match === null) return -1;
  const [written, address = '', port] = match;
  if (written.includes('(') && (fields.isCut || text.includes(') [', host.lastIndex))) return -1;
  setPeer(address, port === undefined ? undefined : portOf(port), fields);
  return fields.sourceIp === undefined ? -1 : host.lastIndex;
}

/** Reads the client behind `lead`, which must stand in the text only once: what the client wrote may hold another. */
export function hostAfter(text: string, lead: string, fields: Fields): number {
  const at = fields.isCut ? -1 : onlyIndexOf(text, lead);
  return at < 0 ? -1 : hostAt(text, at + lead.length, fields);
}
