import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { NetworkNamespace } from './network-namespace.ts';

/** Takes connections, and echoes what comes over them and by datagrams, of both families, on the ports that are named. */
const SERVER = `
import selectors, socket, sys
s = selectors.DefaultSelector()
for port in map(int, sys.argv[1:]):
    t = socket.create_server(('::', port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=512)
    u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    u.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    u.bind(('::', port))
    for one in (t, u): one.setblocking(False); s.register(one, selectors.EVENT_READ)
print('ready', flush=True)
listening = set(s.get_map())
while True:
    for key, _ in s.select():
        one = key.fileobj
        if one.type == socket.SOCK_DGRAM:
            data, peer = one.recvfrom(64); one.sendto(data, peer)
        elif key.fd in listening:
            s.register(one.accept()[0], selectors.EVENT_READ)
        else:
            try: data = one.recv(64)
            except OSError: data = b''
            if data: one.send(data)
            else: s.unregister(one); one.close()
`;

/** Knocks so often at once, each time from a port of its own, and says how many were answered within its patience. */
const KNOCK = `
import os, select, socket, struct, sys, time
how, to, port, count, patience = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
family = socket.AF_INET6 if ':' in to else socket.AF_INET
until = time.monotonic() + patience
poll = select.poll()
socks, answered = {}, 0
if how == 'echo':
    proto = socket.IPPROTO_ICMPV6 if ':' in to else socket.IPPROTO_ICMP
    one = socket.socket(family, socket.SOCK_RAW, proto)
    kind, reply = (128, 129) if ':' in to else (8, 0)
    def sum16(data):
        total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
        total = (total >> 16) + (total & 0xffff)
        return ~(total + (total >> 16)) & 0xffff
    for nth in range(count):
        body = struct.pack('!BBHHH', kind, 0, 0, os.getpid() & 0xffff, nth)
        one.sendto(struct.pack('!BBHHH', kind, 0, sum16(body), os.getpid() & 0xffff, nth), (to, 0))
    while time.monotonic() < until and answered < count:
        one.settimeout(max(0.001, until - time.monotonic()))
        try: data = one.recv(256)
        except OSError: break
        answered += (data if ':' in to else data[20:])[0] == reply
else:
    kind = socket.SOCK_STREAM if how == 'tcp' else socket.SOCK_DGRAM
    for nth in range(count):
        one = socket.socket(family, kind); one.setblocking(False)
        try: one.connect((to, port))
        except BlockingIOError: pass
        if how == 'udp': one.send(b'?')
        socks[one.fileno()] = one
        poll.register(one, select.POLLOUT if how == 'tcp' else select.POLLIN)
    while socks and time.monotonic() < until:
        for fd, _ in poll.poll(max(1, (until - time.monotonic()) * 1000)):
            poll.unregister(fd); one = socks.pop(fd)
            answered += one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
            if how == 'tcp': one.setblocking(True); globals().setdefault('kept', []).append(one)
print(answered)
`;

export type Knocking = 'tcp' | 'udp' | 'echo';

/** A server for the time of a test. */
export async function serve(namespace: NetworkNamespace, ports: readonly number[]): Promise<ChildProcess> {
  const words = ['netns', 'exec', namespace.name, 'python3', '-c', SERVER, ...ports.map(String)];
  const server = spawn('ip', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  if (server.stdout === null) throw new Error('no pipe');
  await once(server.stdout, 'data');
  return server;
}

/** How many of so many knocks at once are answered. TCP asks once: its next try comes after a second. */
export const knock = (
  from: NetworkNamespace,
  how: Knocking,
  {
    to,
    port = 0,
    count = 1,
    patience = 0.5,
  }: Readonly<{ to: string; port?: number; count?: number; patience?: number }>,
): number => Number(from.exec('python3', ['-c', KNOCK, how, to, `${port}`, `${count}`, `${patience}`]));

const HELD = `
import socket, sys
one = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)
one.settimeout(10)
print('open', flush=True)
for line in sys.stdin:
    one.send(b'?')
    print(one.recv(1).decode(), flush=True)
`;

/** A connection that stands. */
export class Held {
  readonly #child: ChildProcess;

  static async open(from: NetworkNamespace, to: string, port: number): Promise<Held> {
    const held = new Held(from, to, port);
    await held.#said();
    return held;
  }

  private constructor(from: NetworkNamespace, to: string, port: number) {
    const words = ['netns', 'exec', from.name, 'python3', '-c', HELD, to, String(port)];
    this.#child = spawn('ip', words, { stdio: ['pipe', 'pipe', 'inherit'] });
  }

  /** What comes back of a byte. */
  async echo(): Promise<string> {
    this.#child.stdin?.write('\n');
    return this.#said();
  }

  close(): void {
    this.#child.kill();
  }

  async #said(): Promise<string> {
    if (this.#child.stdout === null) throw new Error('no pipe');
    const [said] = await once(this.#child.stdout, 'data');
    return String(said).trim();
  }
}
