import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Namespace } from './namespaces.ts';

export const ADMIN = { v4: '192.0.2.2', v6: '2001:db8:1::2' } as const;
export const EDGE = { v4: '192.0.2.1', v6: '2001:db8:1::1' } as const;
export const NEIGHBOUR = { v4: '198.51.100.2', v6: '2001:db8:2::2' } as const;

/** An admin's host, the edge, and a neighbour behind it that the edge forwards to. */
export class Boundary implements Disposable {
  readonly admin = new Namespace('admin');
  readonly edge = new Namespace('edge');
  readonly neighbour = new Namespace('behind');

  async open(): Promise<void> {
    const { admin, edge, neighbour } = this;
    edge.link(admin, [`${EDGE.v4}/24`, `${EDGE.v6}/64`], [`${ADMIN.v4}/24`, `${ADMIN.v6}/64`]);
    edge.link(neighbour, ['198.51.100.1/24', '2001:db8:2::1/64'], [`${NEIGHBOUR.v4}/24`, `${NEIGHBOUR.v6}/64`]);
    await edge.run('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
    for (const [from, v4, v6] of [
      [admin, EDGE.v4, EDGE.v6],
      [neighbour, '198.51.100.1', '2001:db8:2::1'],
    ] as const) {
      from.ip('route', 'add', 'default', 'via', v4);
      from.ip('-6', 'route', 'add', 'default', 'via', v6);
    }
  }

  [Symbol.dispose](): void {
    for (const namespace of [this.admin, this.edge, this.neighbour]) namespace[Symbol.dispose]();
  }
}

/** Of the servers. */
export const PORT = 7777;

/** Greets whoever connects with a byte and echoes what comes, over TCP and UDP. */
const SERVER = `
import socket, selectors
s = selectors.DefaultSelector()
t = socket.create_server(('::', ${PORT}), family=socket.AF_INET6, dualstack_ipv6=True, backlog=512)
t.setblocking(False)
u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
u.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
u.bind(('::', ${PORT}))
u.setblocking(False)
s.register(t, selectors.EVENT_READ); s.register(u, selectors.EVENT_READ)
print('ready', flush=True)
while True:
    for key, _ in s.select():
        if key.fileobj is t:
            c, _ = t.accept(); c.setblocking(False); s.register(c, selectors.EVENT_READ)
        elif key.fileobj is u:
            d, a = u.recvfrom(64); u.sendto(d, a)
        else:
            c = key.fileobj
            try: d = c.recv(4096)
            except OSError: d = b''
            if d:
                try: c.send(d)
                except OSError: d = b''
            if not d: s.unregister(c); c.close()
`;

/**
 * Every 20 ms, to each target: a new connection, a datagram of one flow, a byte over one connection. Says for each that
 * was answered: when it was (CLOCK_MONOTONIC, ns), how, where. An answer later than the next beat counts for nothing, but
 * over the one connection, where TCP takes its time.
 */
const PULSE = `
import socket, sys, threading, time
lock = threading.Lock()
def say(how, to):
    t = time.monotonic_ns()
    with lock: print(t, how, to, flush=True)
def every(beat):
    due = time.monotonic()
    while True:
        beat(); due = max(due + 0.02, time.monotonic()); time.sleep(max(0, due - time.monotonic()))
def family(to): return socket.AF_INET6 if ':' in to else socket.AF_INET
def fresh(to):
    def beat():
        with socket.socket(family(to), socket.SOCK_STREAM) as s:
            s.settimeout(0.018)
            try: s.connect((to, ${PORT})); say('new', to)
            except OSError: pass
    every(beat)
def flow(to):
    s = socket.socket(family(to), socket.SOCK_DGRAM); s.connect((to, ${PORT})); s.settimeout(0.018)
    def beat():
        t = time.monotonic_ns()
        try:
            s.send(str(t).encode())
            while int(s.recv(64)) != t: pass
            say('flow', to)
        except OSError: pass
    every(beat)
def lasting(to):
    s = socket.create_connection((to, ${PORT})); s.settimeout(30)
    def beat():
        s.send(b'.'); s.recv(4096); say('lasting', to)
    every(beat)
for to in sys.argv[2:]:
    for work in (globals()[name] for name in sys.argv[1].split(',')): threading.Thread(target=work, args=(to,), daemon=True).start()
sys.stdin.read()
`;

/** A new connection each time, datagrams of one flow, one connection that lasts. */
export type PulseWay = 'fresh' | 'flow' | 'lasting';

export interface Beat {
  /** CLOCK_MONOTONIC, ms. */
  readonly at: number;
  readonly how: string;
  readonly to: string;
}

/** CLOCK_MONOTONIC, which all processes share, ms. */
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Servers at the edge and behind it, and an admin who never stops knocking. */
export class Pulse {
  readonly beats: Beat[] = [];
  readonly targets: readonly string[];
  readonly #ways: readonly PulseWay[];

  constructor(
    targets: readonly string[] = [EDGE.v4, EDGE.v6, NEIGHBOUR.v4, NEIGHBOUR.v6],
    ways: readonly PulseWay[] = ['fresh', 'flow', 'lasting'],
  ) {
    this.targets = targets;
    this.#ways = ways;
  }

  async start({ admin, edge, neighbour }: Boundary): Promise<void> {
    await Promise.all([edge, neighbour].map((host) => firstLine(host.spawn('python3', ['-c', SERVER]))));
    const client = admin.spawn('python3', ['-c', PULSE, this.#ways.join(), ...this.targets]);
    if (client.stdout === null) throw new Error('the client has no output');
    createInterface(client.stdout).on('line', (line) => {
      const [at, how = '', to = ''] = line.split(' ');
      this.beats.push({ at: Number(at) / 1e6, how, to });
    });
  }

  /** Of one kind to one target, between two moments. */
  between(from: number, to: number, how: string, target: string): readonly Beat[] {
    return this.beats.filter((beat) => beat.at > from && beat.at < to && beat.how === how && beat.to === target);
  }
}

export async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the child has no output');
  let errors = '';
  child.stderr?.on('data', (text: Buffer) => {
    errors += text.toString();
  });
  for await (const line of createInterface(child.stdout)) return line;
  throw new Error(`the child said nothing: ${errors}`);
}
