import { createServer, type Server, type TLSSocket } from 'node:tls';
import { mulberry32 } from '../mulberry.ts';
import {
  connack,
  matches,
  type Packet,
  PacketReader,
  pingresp,
  puback,
  publish,
  suback,
  unsuback,
} from './mqtt-wire.ts';

export interface Told {
  readonly topic: string;
  readonly payload: Buffer;
  readonly isRetained: boolean;
  readonly contentType: string | undefined;
}

/** What one client name listens to, connected or not, and what it has not got. */
interface Session {
  readonly filters: Set<string>;
  readonly held: Told[];
  /** Sent and not acknowledged, by packet identifier: to be sent again over the next connection. */
  readonly unsettled: Map<number, Told>;
  socket: TLSSocket | undefined;
  nextId: number;
}

export interface HostileBrokerOptions {
  /** Of the socket it listens on. */
  readonly path: string;
  readonly tls: { readonly key: string; readonly cert: string; readonly ca: string };
  readonly seed: number;
  /** Messages that nobody sent, made of one that somebody did; they go to who listens to that one's topic. */
  readonly forge: (seen: Told) => readonly Told[];
}

const TICK_MS = 40;
/** Of a connection; each costs its client a pause that doubles. */
const MOST_CUTS = 3;

/**
 * A broker by a program of our own, which keeps to the protocol as long as it is honest. Once it is not, it holds back,
 * reorders, repeats, drops, alters, brings on other topics, invents, takes what is retained back to what it was, and cuts
 * connections. What it drops is what comes again: retained messages, and streams, which the controller asks for again.
 */
export class HostileBroker {
  readonly counters = { held: 0, repeated: 0, dropped: 0, altered: 0, astray: 0, invented: 0, rolledBack: 0, cut: 0 };
  readonly #server: Server;
  readonly #random: () => number;
  readonly #forge: HostileBrokerOptions['forge'];
  readonly #sessions = new Map<string, Session>();
  /** Every version of what was retained, by topic. */
  readonly #retained = new Map<string, Told[]>();
  /** Everything that was said to it. */
  readonly seen: Told[] = [];
  #timer: NodeJS.Timeout | undefined;

  private constructor({ tls, seed, forge }: HostileBrokerOptions) {
    this.#random = mulberry32(seed);
    this.#forge = forge;
    this.#server = createServer({ ...tls, requestCert: true, rejectUnauthorized: true }, (socket) =>
      this.#serve(socket),
    );
    this.#server.on('tlsClientError', () => {});
  }

  /** Honest for now. */
  static open(options: HostileBrokerOptions): Promise<HostileBroker> {
    const broker = new HostileBroker(options);
    return new Promise((resolve, reject) => {
      broker.#server.once('error', reject).listen(options.path, () => resolve(broker));
    });
  }

  turn(): void {
    this.#timer = setInterval(() => this.#mischief(), TICK_MS);
  }

  /** Honest again: everybody gets what was held back, in some order, and what is retained as it is. */
  relent(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const session of this.#sessions.values()) {
      const held = session.held.splice(0);
      while (held.length > 0) this.#deliver(session, held.splice(this.#below(held.length), 1)[0] as Told);
      for (const filter of session.filters) this.#retainedBy(session, filter);
    }
  }

  close(): Promise<void> {
    clearInterval(this.#timer);
    for (const { socket } of this.#sessions.values()) socket?.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  get #isHostile(): boolean {
    return this.#timer !== undefined;
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  #any<T>(list: readonly T[]): T | undefined {
    return list[this.#below(list.length)];
  }

  #serve(socket: TLSSocket): void {
    const reader = new PacketReader();
    let session: Session | undefined;
    socket.on('error', () => {});
    socket.on('close', () => {
      if (session?.socket === socket) session.socket = undefined;
    });
    socket.on('data', (bytes) => {
      for (const packet of reader.take(bytes)) {
        if (packet.kind === 'connect') session = this.#connect(packet.clientId, socket);
        else if (session !== undefined) this.#take(session, socket, packet);
      }
    });
  }

  #connect(clientId: string, socket: TLSSocket): Session {
    const known = this.#sessions.get(clientId);
    known?.socket?.destroy();
    const session: Session = known ?? { filters: new Set(), held: [], unsettled: new Map(), socket, nextId: 1 };
    session.socket = socket;
    session.held.push(...session.unsettled.values());
    session.unsettled.clear();
    this.#sessions.set(clientId, session);
    socket.write(connack());
    return session;
  }

  #take(session: Session, socket: TLSSocket, packet: Packet): void {
    switch (packet.kind) {
      case 'publish':
        if (packet.qos > 0) socket.write(puback(packet.id));
        this.#published(packet);
        return;
      case 'puback':
        session.unsettled.delete(packet.id);
        return;
      case 'subscribe':
        socket.write(suback(packet.id, packet.filters.length));
        // Who is back gets what came meanwhile, and then what is retained: what is older never comes last.
        for (const told of this.#isHostile ? [] : session.held.splice(0)) this.#deliver(session, told);
        for (const filter of packet.filters) {
          session.filters.add(filter);
          this.#retainedBy(session, filter);
        }
        return;
      case 'unsubscribe':
        for (const filter of packet.filters) session.filters.delete(filter);
        socket.write(unsuback(packet.id, packet.filters.length));
        return;
      case 'ping':
        socket.write(pingresp());
        return;
      case 'disconnect':
        socket.end();
        return;
      case 'connect':
      case 'other':
        return;
    }
  }

  #published({ topic, payload, isRetained, contentType }: Told): void {
    const told = { topic, payload: Buffer.from(payload), isRetained, contentType };
    this.seen.push(told);
    if (isRetained) this.#retained.set(topic, [...(this.#retained.get(topic) ?? []), told]);
    for (const session of this.#sessions.values()) {
      if (this.#listens(session, topic)) this.#pass(session, { ...told, isRetained: false });
    }
  }

  #listens({ filters }: Session, topic: string): boolean {
    return [...filters].some((filter) => matches(filter, topic));
  }

  #pass(session: Session, told: Told): void {
    const chance = this.#isHostile ? this.#random() : 1;
    const comesAgain = this.#retained.has(told.topic) || told.topic.includes('/stream/');
    if (chance < 0.3) {
      this.counters.held++;
      session.held.push(told);
    } else if (chance < 0.5 && comesAgain) this.counters.dropped++;
    else {
      this.#deliver(session, told);
      if (chance < 0.8) this.#repeat(session, told);
    }
  }

  #repeat(session: Session, told: Told): void {
    this.counters.repeated++;
    this.#deliver(session, told);
    session.held.push(told);
  }

  #deliver(session: Session, told: Told): void {
    const { socket } = session;
    if (socket === undefined || socket.destroyed) {
      session.held.push(told);
      return;
    }
    session.nextId = (session.nextId % 0xffff) + 1;
    session.unsettled.set(session.nextId, told);
    socket.write(publish({ ...told, id: session.nextId }));
  }

  #retainedBy(session: Session, filter: string): void {
    for (const [topic, versions] of this.#retained) {
      if (!matches(filter, topic)) continue;
      const told = this.#isHostile ? this.#any([...versions, undefined]) : versions.at(-1);
      if (told !== undefined && told !== versions.at(-1)) this.counters.rolledBack++;
      if (told !== undefined && told.payload.length > 0) this.#deliver(session, told);
    }
  }

  /** One misdeed to one of its clients, and what it holds back goes on in another order. */
  #mischief(): void {
    const session = this.#any([...this.#sessions.values()].filter(({ socket }) => socket !== undefined));
    if (session === undefined) return;
    if (session.held.length > 0 && this.#random() < 0.5) {
      this.#deliver(session, session.held.splice(this.#below(session.held.length), 1)[0] as Told);
    }
    const deeds = [this.#alter, this.#lead, this.#invent, this.#rollBack];
    const deed = this.#random() < 0.02 ? this.#cut : this.#any(deeds);
    const seen = this.#any(this.seen.filter(({ topic }) => this.#listens(session, topic)));
    if (seen !== undefined) deed?.call(this, session, seen);
  }

  #alter(session: Session, seen: Told): void {
    if (seen.payload.length === 0) return;
    const payload = Buffer.from(seen.payload);
    const at = this.#below(payload.length);
    payload[at] = (payload[at] ?? 0) ^ (1 + this.#below(255));
    this.counters.altered++;
    this.#deliver(session, { ...seen, payload });
  }

  /** Brings what was said elsewhere, to another appliance for one. */
  #lead(session: Session, { topic, contentType }: Told): void {
    const other = this.#any(this.seen.filter((one) => one.topic !== topic && one.contentType === contentType));
    if (other === undefined) return;
    this.counters.astray++;
    this.#deliver(session, { ...other, topic });
  }

  #invent(session: Session, seen: Told): void {
    for (const told of this.#forge(seen)) {
      this.counters.invented++;
      this.#deliver(session, told);
    }
  }

  #rollBack(session: Session): void {
    const [topic = '', versions = []] = this.#any([...this.#retained].filter(([, all]) => all.length > 1)) ?? [];
    const old = this.#any(versions.slice(0, -1));
    if (old === undefined || !this.#listens(session, topic)) return;
    this.counters.rolledBack++;
    this.#deliver(session, old);
  }

  #cut({ socket }: Session): void {
    if (this.counters.cut >= MOST_CUTS) return;
    this.counters.cut++;
    socket?.destroy();
  }
}
