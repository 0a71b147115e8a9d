import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const TRIES = 5;

interface Attack {
  readonly ip: string;
  sent: number;
}

/**
 * A host that sends its log over TCP, of attacks by a source each. TCP tells it nothing of what was judged, so it sends an
 * attack again, whole, when it is told that its finding is not there.
 */
export class SyslogSender {
  readonly #host: string;
  readonly #port: number;
  readonly #attacks: Attack[] = [];
  #socket: Socket | undefined;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  /** How often each source's attack was sent. */
  get sent(): ReadonlyMap<string, number> {
    return new Map(this.#attacks.map(({ ip, sent }) => [ip, sent]));
  }

  /** A new attack; nothing when nobody listens. */
  async attack(): Promise<void> {
    const attack = { ip: `100.66.${this.#attacks.length >> 8}.${this.#attacks.length & 255}`, sent: 0 };
    if (await this.#send(attack)) this.#attacks.push(attack);
  }

  /** Sends again what is not among the sources found. @returns the sources of that */
  async again(found: ReadonlySet<string>): Promise<readonly string[]> {
    const missing = this.#attacks.filter(({ ip }) => !found.has(ip));
    for (const attack of missing) {
      if (!(await this.#send(attack))) throw new Error('nobody listens');
    }
    return missing.map(({ ip }) => ip);
  }

  close(): void {
    this.#socket?.destroy();
  }

  async #send(attack: Attack): Promise<boolean> {
    const socket = await this.#connected();
    if (socket === undefined) return false;
    const at = new Date().toISOString();
    const message = (i: number): string =>
      `<38>1 ${at} ${this.#host} sshd 9 - - Failed password for troot from ${attack.ip} port ${5000 + i} ssh2\n`;
    socket.write(Array.from({ length: TRIES }, (_, i) => message(i)).join(''));
    attack.sent++;
    return true;
  }

  async #connected(): Promise<Socket | undefined> {
    if (this.#socket?.writable) return this.#socket;
    const socket = connect(this.#port, '127.0.0.1');
    socket.on('error', () => socket.destroy());
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined);
    if (!socket.writable) return undefined;
    this.#socket = socket;
    return socket;
  }
}
