import { canonicalIp } from '../../base/ip.ts';
import { type ActionInfo, network, networkFailure, networkSuccess } from '../action.ts';
import { type Fields, portOf, setPeer } from '../fields.ts';
import { messageReader } from '../reader.ts';

export const NETFILTER_ACTIONS = {
  packet_dropped: networkFailure('The log prefix of the rule says block, drop, reject or deny'),
  packet_accepted: networkSuccess('The log prefix of the rule says accept, allow or pass'),
  packet_logged: network('The prefix says neither'),
} as const satisfies Readonly<Record<string, ActionInfo>>;

export type NetfilterAction = keyof typeof NETFILTER_ACTIONS;

const DROPPED = /block|drop|reject|den[iy]|bartizan/i;
const ACCEPTED = /accept|allow|pass/i;

/**
 * What a `log` rule of nftables or iptables makes the kernel say: `PREFIX IN=eth0 OUT= MAC=… SRC=A DST=B … PROTO=TCP SPT=P
 * DPT=Q …`. Of an ICMP error the packet it complains about follows in brackets; that is the sender's word and is not read.
 *
 * The kernel is believed in what it saw. That the packet came from where it says is another matter: whoever need not
 * answer (UDP, the first packet of TCP) may write any source into it.
 */
export const NETFILTER = messageReader<NetfilterAction>({
  name: 'kernel',
  description: 'Packets logged by nftables or iptables rules, in the kernel log',
  programs: ['kernel'],
  senders: [{ who: 'kernel' }],
  actions: NETFILTER_ACTIONS,
  cutAt: Number.POSITIVE_INFINITY,
  read(message, fields) {
    const out = message.indexOf(' OUT=');
    const start = out < 0 ? -1 : message.lastIndexOf('IN=', out);
    if (start < 0) return undefined;
    if (!readPacket(message, start, fields)) return undefined;
    const prefix = withoutUptime(message.slice(0, start)).trim();
    if (prefix === '') return 'packet_logged';
    fields.fields = { prefix };
    return DROPPED.test(prefix) ? 'packet_dropped' : ACCEPTED.test(prefix) ? 'packet_accepted' : 'packet_logged';
  },
});

/** `[12345.678901] `, which the kernel writes before its messages where `printk.time` is on. */
const withoutUptime = (text: string): string => (text.startsWith('[') ? text.replace(/^\[ *\d+\.\d+\] ?/, '') : text);

/** Reads the words `KEY=VALUE` up to the bracket. @returns whether there was a source */
function readPacket(message: string, start: number, fields: Fields): boolean {
  let at = start;
  let hasProtocol = false;
  while (at < message.length && message.charCodeAt(at) !== OPEN) {
    let end = message.indexOf(' ', at);
    if (end < 0) end = message.length;
    hasProtocol = readWord(message, at, end, fields, hasProtocol);
    at = end + 1;
  }
  return fields.sourceIp !== undefined;
}

const OPEN = 0x5b;

/** @returns whether the protocol is known by now: what stands behind it belongs to it */
function readWord(message: string, at: number, end: number, fields: Fields, hasProtocol: boolean): boolean {
  const value = at + 4;
  if (message.startsWith('SRC=', at)) {
    if (fields.sourceIp === undefined) setPeer(message.slice(value, end), undefined, fields);
  } else if (message.startsWith('DST=', at)) {
    const address = canonicalIp(message.slice(value, end));
    if (address !== undefined) fields.destinationIp = address;
  } else if (message.startsWith('PROTO=', at)) {
    const protocol = message.slice(at + 6, end).toLowerCase();
    if (protocol !== '') fields.transport = protocol;
    return true;
  } else if (hasProtocol && message.startsWith('SPT=', at)) {
    const port = portOf(message.slice(value, end));
    if (port !== undefined && port > 0 && port <= 65_535) fields.sourcePort = port;
  } else if (hasProtocol && message.startsWith('DPT=', at)) {
    const port = portOf(message.slice(value, end));
    if (port !== undefined && port > 0 && port <= 65_535) fields.destinationPort = port;
  }
  return hasProtocol;
}
