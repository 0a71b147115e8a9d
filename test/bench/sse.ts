import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { DAEMON_FLAGS } from '../support/daemon.ts';
import { declareBench } from './bench.ts';
import { pinned, rounded } from './http.ts';
import { TOKEN } from './http-api.ts';
import type { Ask, Emitted } from './sse-server.ts';

/** Connections that are being opened at a time. */
const OPENING = 50;
/** Clients for whom the way of each event is timed. */
const TIMED = 100;

/**
 * Many clients follow the event stream over HTTPS while events happen: memory and processor time of the server, how long
 * its event loop is held at most, how long an event takes to get to a client, and whether each client got each event.
 */
export const sse = declareBench({
  name: 'sse',
  about: 'the event stream with many clients: memory a client, how long the event loop is held, delay, losses',
  options: {
    clients: { about: 'that follow the stream', value: 5000 },
    rate: { about: 'events a second', value: 50 },
    seconds: { about: 'of events', value: 15 },
    node: { about: '1 measures node:https instead', value: 0 },
  },
  run: async ({ clients, rate, seconds, node }, say) => {
    const { child, port } = await startServer(node === 1 ? 'node' : 'uwebsockets');
    try {
      const warm = await follow(port, Math.min(200, clients));
      await asked<Emitted>(child, { ask: 'emit', events: rate, rate });
      for (const one of warm) one.socket.destroy();
      const { rss: empty } = await asked<{ rss: number }>(child, { ask: 'memory' });
      const followers = await follow(port, clients);
      const { rss: open } = await asked<{ rss: number }>(child, { ask: 'memory' });
      say(`${followers.length} clients follow, ${Math.round((open - empty) / clients)} bytes each`);
      for (const one of followers) one.begin();
      const events = rate * seconds;
      const emitted = await asked<Emitted>(child, { ask: 'emit', events, rate });
      const { rss: full } = await asked<{ rss: number }>(child, { ask: 'memory' });
      const delays = followers
        .slice(0, TIMED)
        .flatMap(({ arrivals }) => arrivals.map((arrival, i) => arrival - (emitted.at[i] ?? arrival)));
      delays.sort((a, b) => a - b);
      const short = followers.filter(({ count }) => count !== events);
      say(
        `${events} events; ${short.length} clients without all of them; held ${rounded(emitted.heldMs, 1)} ms at most`,
      );
      return {
        engine: node === 1 ? 'node:https' : 'uWebSockets.js',
        clients: followers.length,
        events,
        clients_short_of_events: short.length,
        bytes_per_client: Math.round((open - empty) / clients),
        bytes_per_client_at_work: Math.round((full - empty) / clients),
        held_ms: rounded(emitted.heldMs, 1),
        busy: rounded(emitted.busy, 2),
        p50_ms: delays[delays.length >> 1] ?? Number.NaN,
        p99_ms: delays[Math.floor(delays.length * 0.99)] ?? Number.NaN,
      };
    } finally {
      child.disconnect();
    }
  },
});

/** One client, which counts the events that come. */
class Follower {
  readonly socket: TLSSocket;
  readonly arrivals: number[] = [];
  count = 0;
  #tail = '';
  #isTimed: boolean;

  constructor(socket: TLSSocket, isTimed: boolean) {
    this.socket = socket;
    this.#isTimed = isTimed;
    socket.on('data', (piece: Buffer) => this.#take(piece));
    socket.on('error', () => {});
  }

  begin(): void {
    this.count = 0;
    this.arrivals.length = 0;
  }

  #take(piece: Buffer): void {
    const text = this.#tail + piece.toString('latin1');
    for (let at = text.indexOf('\nid: '); at >= 0; at = text.indexOf('\nid: ', at + 1)) {
      this.count++;
      if (this.#isTimed) this.arrivals.push(Date.now());
    }
    this.#tail = text.slice(-4);
  }
}

async function follow(port: number, count: number): Promise<Follower[]> {
  const followers: Follower[] = [];
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const isTimed = next++ < TIMED;
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      socket.write(`GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`);
      const [head] = (await once(socket, 'data')) as [Buffer];
      if (!head.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error(head.toString('latin1'));
      followers.push(new Follower(socket, isTimed));
    }
  };
  await Promise.all(Array.from({ length: OPENING }, lane));
  return followers;
}

async function startServer(engine: string): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const flags = [...DAEMON_FLAGS, '--expose-gc'];
  const [program, args] = pinned(0, process.execPath, [...flags, join(import.meta.dirname, 'sse-server.js'), engine]);
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { child, port };
}

async function asked<V>(child: ChildProcess, ask: Ask): Promise<V> {
  child.send(ask);
  const [answer] = (await once(child, 'message')) as [V];
  return answer;
}
