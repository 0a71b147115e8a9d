import { fromBytes, makeCidr, parseCidr, parseIp } from '../../core/base/ip.ts';
import type { SetFamily } from './declaration.ts';
import { refuse } from './failure.ts';
import type { NftResult } from './port.ts';

/** The elements of a set of `either`, as NFPROTO_*. */
const FAMILY_KEYS: ReadonlyMap<string, number> = new Map([
  ['ipv4', 2],
  ['ipv6', 10],
]);
/** What may stand between address and port, as IPPROTO_*. */
const PORT_PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['tcp', 6],
  ['udp', 17],
]);
const JOINT = ' . ';
/** No sign, no leading zero. */
const PORT = /^[1-9]\d{0,4}$/;
const MAX_PORT = 65_535;

/** Bytes of a key, by which the engine tells the families apart. The parts of a concatenation fill four bytes each. */
const WIDTHS: Readonly<Record<SetFamily, number>> = { either: 1, port: 2, 4: 4, '4+port': 12, 6: 16, '6+port': 24 };

export const widthOf = (family: SetFamily): number => WIDTHS[family];
export const FAMILIES: readonly SetFamily[] = [4, 6, 'either', 'port', '4+port', '6+port'];
/** Of what there are networks or ranges. */
export const hasIntervals = (family: SetFamily): boolean => family === 4 || family === 6 || family === 'port';

export interface ParsedKey {
  readonly family: SetFamily;
  /** As wide as the family's keys, network order; of a network or a range the first. */
  readonly bytes: Uint8Array;
  /** Of a network. */
  readonly prefix?: number;
  /** Of a range of ports. */
  readonly last?: Uint8Array;
  /** Canonical. */
  readonly text: string;
}

/** @param index of the op, for the words of a refusal */
export function parseKey(text: string, index: number): NftResult<ParsedKey> {
  const number = FAMILY_KEYS.get(text);
  if (number !== undefined) return { ok: true, value: { family: 'either', bytes: Uint8Array.of(number), text } };
  if (text.includes(JOINT)) return parseJoined(text, index);
  if (!text.includes('.') && !text.includes(':')) return parsePorts(text, index);
  const slash = text.indexOf('/');
  const address = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (!address.ok) return refuse(`op ${index}: ${address.public}`, index);
  if (slash < 0) return { ok: true, value: address.value };
  const net = parseCidr(text);
  if (!net.ok) return refuse(`op ${index}: ${net.public}`, index);
  const { family, bytes, prefix } = net.value;
  if (address.value.bytes.some((byte, i) => byte !== bytes[i])) {
    return refuse(`op ${index}: ${shorten(text)} has host bits set; the network is ${net.value.text}`, index);
  }
  return { ok: true, value: { family, bytes, prefix, text: net.value.text } };
}

export const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= MAX_PORT;

/** The key of one port. */
export const portKey = (port: number): ParsedKey => ({ family: 'port', bytes: portBytes(port), text: `${port}` });

/** The key of a source that speaks a protocol to a port; `undefined` when sets hold none of that protocol. */
export function joinedKey(
  address: { readonly family: 4 | 6; readonly bytes: Uint8Array; readonly text: string },
  protocol: string,
  port: number,
): ParsedKey | undefined {
  const number = PORT_PROTOCOLS.get(protocol);
  if (number === undefined) return undefined;
  const bytes = Uint8Array.of(...address.bytes, number, 0, 0, 0, ...portBytes(port), 0, 0);
  return { family: `${address.family}+port`, bytes, text: [address.text, protocol, port].join(JOINT) };
}

/** A key of the kernel's in canonical text. @throws RangeError on bytes that are no key: the engine gives none */
export function textOfKey(bytes: Uint8Array, prefix?: number, last?: Uint8Array): string {
  switch (bytes.length) {
    case 1:
      return nameOf(FAMILY_KEYS, bytes[0]) ?? unknown(bytes);
    case 2:
      return last === undefined ? `${portOf(bytes)}` : rangeText(portOf(bytes), portOf(last));
    case 4:
    case 16:
      return prefix === undefined ? fromBytes(bytes).text : makeCidr(bytes.length === 4 ? 4 : 6, bytes, prefix).text;
    case 12:
    case 24: {
      const [protocol, port] = [bytes.at(-8), bytes.subarray(-4, -2)];
      const name = nameOf(PORT_PROTOCOLS, protocol) ?? `${protocol}`;
      return [fromBytes(bytes.subarray(0, -8)).text, name, portOf(port)].join(JOINT);
    }
    default:
      return unknown(bytes);
  }
}

export const shorten = (text: string): string => text.slice(0, 64);

function parseJoined(text: string, index: number): NftResult<ParsedKey> {
  const [address = '', protocol = '', port = '', ...more] = text.split(JOINT);
  const parsed = parseIp(address);
  if (!parsed.ok) return refuse(`op ${index}: ${parsed.public}`, index);
  const number = portFrom(port);
  const key = number === undefined ? undefined : joinedKey(parsed.value, protocol, number);
  if (key !== undefined && more.length === 0) return { ok: true, value: key };
  return refuse(`op ${index}: "${shorten(text)}" is not "ADDRESS . tcp|udp . PORT"`, index);
}

function parsePorts(text: string, index: number): NftResult<ParsedKey> {
  const dash = text.indexOf('-');
  const first = portFrom(dash < 0 ? text : text.slice(0, dash));
  const last = dash < 0 ? first : portFrom(text.slice(dash + 1));
  if (first === undefined || last === undefined || last < first) {
    return refuse(`op ${index}: "${shorten(text)}" is no address, no port 1-${MAX_PORT} and no range of ports`, index);
  }
  const { family, bytes } = portKey(first);
  const key = { family, bytes, text: rangeText(first, last) };
  return { ok: true, value: last === first ? key : { ...key, last: portBytes(last) } };
}

function portFrom(text: string): number | undefined {
  const port = PORT.test(text) ? Number(text) : 0;
  return isPort(port) ? port : undefined;
}

const portBytes = (port: number): Uint8Array => Uint8Array.of(port >> 8, port & 0xff);
const portOf = ([high = 0, low = 0]: Uint8Array): number => (high << 8) | low;
const rangeText = (first: number, last: number): string => (first === last ? `${first}` : `${first}-${last}`);

function nameOf(names: ReadonlyMap<string, number>, number: number | undefined): string | undefined {
  for (const [name, each] of names) if (each === number) return name;
  return undefined;
}

function unknown(bytes: Uint8Array): never {
  throw new RangeError(`${Buffer.from(bytes).toString('hex')} is no key`);
}
