import type { Clock } from '../../../core/base/ports.ts';
import { ok, type Result } from '../../../core/base/result.ts';
import type { Status } from '../files/index.ts';
import { CertificateFiles } from './certificate-files.ts';
import { Connection, type Patience } from './connection.ts';
import type { Intake } from './intake.ts';
import type { LineMaker, Sender } from './lines.ts';
import type { Cautions, Door, OpenDoor } from './listener.ts';
import type { NetworkPort, OpenCode, Peer, Proof, Stream, StreamDoor, TlsMaterial } from './network.ts';
import type { SyslogListener } from './port.ts';
import { type AllowedSenders, judgeProof, unproven } from './sender.ts';

export const STREAM_COUNTERS = {
  lines: 0,
  bytes: 0,
  /** Messages longer than a line may be. */
  tooLong: 0,
  /** Connections that ended within a message. */
  cutOff: 0,
  /** Connections there are now. */
  connections: 0,
  accepted: 0,
  /** Connections of senders that may not send, or beyond a limit. */
  refused: 0,
  /** TLS handshakes that came to nothing, and senders without an acceptable certificate. */
  unproven: 0,
  /** Connections closed by us: nothing came, no end of a message, or too many unfinished ones. */
  closed: 0,
  /** Messages that named another host than their sender's certificate. */
  hostsReplaced: 0,
};

export interface StreamLimits {
  readonly patience: Patience;
  readonly connections: number;
  readonly connectionsPerSender: number;
  /** Bytes of unfinished messages, over all connections of a listener. */
  readonly heldBytes: number;
}

export interface StreamParts {
  readonly network: NetworkPort;
  readonly listener: SyslogListener;
  readonly clock: Clock;
  readonly intake: Intake;
  readonly lines: LineMaker;
  readonly allowed: AllowedSenders;
  readonly status: Status<keyof typeof STREAM_COUNTERS>;
  readonly cautions: Cautions;
  readonly limits: StreamLimits;
}

/** Opens the door of a `tcp` or `tls` listener. */
export const openStreams =
  (parts: StreamParts): OpenDoor =>
  async (lost) => {
    const { network, listener, clock } = parts;
    const files = listener.tls && new CertificateFiles(listener.tls, network, clock);
    const material = await files?.read();
    if (material?.ok === false) return material;
    const connections = new Connections(parts);
    const opened = await openDoor(parts, material?.value, connections, lost);
    return opened.ok ? ok(doorOf(opened.value, connections, files, parts)) : opened;
  };

const openDoor = (
  { network, listener }: StreamParts,
  material: TlsMaterial | undefined,
  connections: Connections,
  failed: (cause: string) => void,
): Promise<Result<StreamDoor, OpenCode>> =>
  network.openStreams(listener.at, material, {
    admit: (peer) => connections.admit(peer),
    left: (peer) => connections.left(peer),
    connected: (stream, proof) => connections.connected(stream, proof),
    handshakeFailed: (peer, why) => connections.unproven(peer, why),
    acceptFailed: (why) => connections.refused(`a connection could not be taken: ${why}`),
    failed,
  });

const doorOf = (
  door: StreamDoor,
  connections: Connections,
  files: CertificateFiles | undefined,
  { cautions }: StreamParts,
): Door => ({
  at: door.at,
  sweep: async () => {
    connections.closeOverdue();
    const news = await files?.readNews();
    if (news === undefined) return;
    const renewed = news.ok ? door.renew(news.value) : news;
    cautions.say('certificate', renewed.ok ? '' : `${renewed.public}; the former certificate is still used`);
  },
  close: () => door.close(),
});

/** All connections of one open door, and who may add to them. */
class Connections {
  readonly #parts: StreamParts;
  readonly #open = new Set<Connection>();
  /** Admitted, handshakes under way included, by address. */
  readonly #bySender = new Map<string, number>();
  #admitted = 0;

  constructor(parts: StreamParts) {
    this.#parts = parts;
    parts.status.counters.connections = 0;
  }

  admit({ address }: Peer): boolean {
    const { allowed, limits, status } = this.#parts;
    const ofSender = this.#bySender.get(address) ?? 0;
    const isFull = this.#admitted >= limits.connections;
    if (!allowed.has(address)) {
      status.counters.refused++;
      return false;
    }
    if (isFull || ofSender >= limits.connectionsPerSender) {
      const most = isFull ? `${limits.connections} connections` : `${limits.connectionsPerSender} of ${address}`;
      this.refused(`${most} are open, which is the most: another was refused`);
      return false;
    }
    this.#bySender.set(address, ofSender + 1);
    this.#admitted++;
    return true;
  }

  left({ address }: Peer): void {
    const rest = (this.#bySender.get(address) ?? 1) - 1;
    if (rest === 0) this.#bySender.delete(address);
    else this.#bySender.set(address, rest);
    this.#admitted--;
  }

  refused(why: string): void {
    const { status } = this.#parts;
    status.counters.refused++;
    status.lose(why);
  }

  unproven({ address }: Peer, why: string): void {
    const { status } = this.#parts;
    status.counters.unproven++;
    status.lose(`a sender at ${address} was refused: ${why}`);
  }

  connected(stream: Stream, proof: Proof): Connection | undefined {
    const { listener, status } = this.#parts;
    const { address } = stream.peer;
    const sender = listener.tls === undefined ? unproven(address) : judgeProof(proof, address, listener.tls);
    if (typeof sender === 'string') {
      this.unproven(stream.peer, sender);
      return undefined;
    }
    status.counters.accepted++;
    return this.#add(stream, sender);
  }

  /** Also puts an end to half-open connections that the kernel's keep-alive did not find. */
  closeOverdue(): void {
    const { clock, limits } = this.#parts;
    const now = clock.now();
    for (const connection of this.#open) {
      if (connection.overdue(now, limits.patience) === undefined) continue;
      this.#close(connection);
    }
  }

  #add(stream: Stream, sender: Sender): Connection {
    const { status, ...parts } = this.#parts;
    const { counters } = status;
    const connection: Connection = new Connection(stream, sender, {
      ...parts,
      counters,
      grew: () => this.#bound(),
      closed: () => {
        this.#open.delete(connection);
        counters.connections = this.#open.size;
      },
    });
    this.#open.add(connection);
    counters.connections = this.#open.size;
    return connection;
  }

  /** Many senders that begin long messages and end none: the one with the longest goes. */
  #bound(): void {
    const { limits, status } = this.#parts;
    let held = 0;
    let longest: Connection | undefined;
    for (const connection of this.#open) {
      held += connection.held;
      if (longest === undefined || connection.held > longest.held) longest = connection;
    }
    if (held <= limits.heldBytes || longest === undefined) return;
    status.lose('unfinished messages took too much memory: the connection with the longest was closed');
    this.#close(longest);
  }

  /** At once out of the reckoning, though the socket takes its time. */
  #close(connection: Connection): void {
    this.#parts.status.counters.closed++;
    this.#open.delete(connection);
    connection.destroy();
  }
}
