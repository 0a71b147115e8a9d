import type { FakePacket } from '../../native/nft/fake-judge.ts';
import { LineProgram } from './line-program.ts';
import type { NetworkNamespace } from './network-namespace.ts';

/**
 * Sends packets as they are described, one line of JSON each run of them, whoever's address they bear. On one processor,
 * so that they arrive in their order.
 */
const SENDER = `
import json, os, socket, struct, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
PROTOCOLS = {'tcp': 6, 'udp': 17, 'icmp': 1, 'icmpv6': 58}
FLAGS = {'fin': 1, 'syn': 2, 'rst': 4, 'ack': 16}
v4 = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
v6 = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)

def checksum(data):
    if len(data) % 2: data += b'\\0'
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff

def body(p, number, pseudo):
    sport, dport = p.get('sport', 40000), p.get('dport', 0)
    if number == 6:
        flags = sum(FLAGS[f] for f in p.get('flags', []))
        head, at = struct.pack('!HHIIBBHHH', sport, dport, 1, 0, 0x50, flags, 1024, 0, 0), 16
    elif number == 17:
        head, at = struct.pack('!HHHH', sport, dport, 12, 0) + b'data', 6
    else:
        head, at = struct.pack('!BBHHH', p['icmpType'], 0, 0, sport, 1) + b'data', 2
        if number == 1: pseudo = b''
    if pseudo: pseudo += struct.pack('!IxxxB', len(head), number)
    return head[:at] + struct.pack('!H', checksum(pseudo + head) or 0xffff) + head[at + 2:]

def send(p):
    number = PROTOCOLS[p['protocol']]
    if ':' in p['saddr']:
        ends = socket.inet_pton(socket.AF_INET6, p['saddr']) + socket.inet_pton(socket.AF_INET6, p['daddr'])
        data = body(p, number, ends)
        v6.sendto(struct.pack('!IHBB', 0x60000000, len(data), number, 64) + ends + data, (p['daddr'], 0))
    else:
        ends = socket.inet_aton(p['saddr']) + socket.inet_aton(p['daddr'])
        data = body(p, number, ends)
        v4.sendto(struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(data), 0, 0, 64, number, 0) + ends + data, (p['daddr'], 0))

for line in sys.stdin:
    for p in json.loads(line): send(p)
    print('sent', flush=True)
`;

export class PacketSender {
  readonly #program: LineProgram;
  /** Every packet is of a connection of its own. */
  #port = 20_000;

  constructor(from: NetworkNamespace) {
    this.#program = new LineProgram(from, SENDER);
  }

  /** All of them are on their way when it resolves. */
  async send(packets: readonly FakePacket[]): Promise<void> {
    await this.#program.ask(JSON.stringify(packets.map((packet) => ({ ...packet, sport: this.#port++ }))));
  }

  close(): Promise<void> {
    return this.#program.close();
  }
}
