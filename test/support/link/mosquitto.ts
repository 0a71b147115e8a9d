import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Authority } from '../certificates.ts';
import { freePorts } from '../free-port.ts';
import { waitFor } from '../wait-for.ts';

export const noMosquitto: false | string = (() => {
  try {
    execFileSync('sh', ['-c', 'command -v mosquitto'], {
      env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
    });
    return false;
  } catch {
    return 'mosquitto is not installed';
  }
})();

/** What an appliance may do, by the name in its certificate; `observer` sees everything. */
const ACL = `
user observer
topic readwrite #

pattern write bartizan/1/+/+/%u/presence
pattern write bartizan/1/+/+/%u/reported
pattern write bartizan/1/+/+/%u/stream/#
pattern write bartizan/1/+/+/%u/cmd/+/result
pattern read bartizan/1/+/+/%u/desired
pattern read bartizan/1/+/+/%u/keys
pattern read bartizan/1/+/+/%u/cmd
pattern read bartizan/1/+/keys
pattern read bartizan/1/+/list/#
`;

/** A real broker on loopback: MQTT and WebSocket over TLS with client certificates. May be killed and started again. */
export class Mosquitto {
  readonly authority: Authority;
  readonly port: number;
  readonly webSocketPort: number;
  readonly #directory: string;
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(parts: {
    readonly authority: Authority;
    readonly port: number;
    readonly webSocketPort: number;
    readonly directory: string;
  }) {
    this.authority = parts.authority;
    this.port = parts.port;
    this.webSocketPort = parts.webSocketPort;
    this.#directory = parts.directory;
  }

  static async make({ authority = new Authority('test brokers'), extra = '' } = {}): Promise<Mosquitto> {
    const directory = await mkdtemp(join(tmpdir(), 'bartizan-mosquitto-'));
    const [port = 0, webSocketPort = 0] = await freePorts(2);
    const server = authority.issue({ commonName: 'localhost', names: ['localhost'], usage: 'server' });
    const file = (name: string): string => join(directory, name);
    await Promise.all([
      writeFile(file('ca.crt'), authority.cert),
      writeFile(file('server.crt'), server.cert),
      writeFile(file('server.key'), server.key),
      writeFile(file('acl'), ACL),
    ]);
    const tls = [
      `cafile ${file('ca.crt')}`,
      `certfile ${file('server.crt')}`,
      `keyfile ${file('server.key')}`,
      'require_certificate true',
      'use_identity_as_username true',
    ].join('\n');
    const config = `
user root
per_listener_settings false
persistence false
max_inflight_messages 0
max_queued_messages 0
acl_file ${file('acl')}
log_dest stderr
${extra}
listener ${port} 127.0.0.1
${tls}
listener ${webSocketPort} 127.0.0.1
protocol websockets
${tls}
`;
    await writeFile(file('mosquitto.conf'), config);
    return new Mosquitto({ authority, port, webSocketPort, directory });
  }

  get url(): string {
    return `mqtts://localhost:${this.port}`;
  }

  get webSocketUrl(): string {
    return `wss://localhost:${this.webSocketPort}/mqtt`;
  }

  get output(): string {
    return this.#output;
  }

  async start(): Promise<void> {
    const path = `${process.env['PATH']}:/usr/sbin`;
    const child = spawn('mosquitto', ['-c', join(this.#directory, 'mosquitto.conf')], {
      env: { ...process.env, PATH: path },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
    this.#child = child;
    await waitFor('mosquitto to listen', () => this.#listens(), { everyMs: 50 }).catch((cause: unknown) => {
      throw new Error(`mosquitto does not listen, and says: ${this.#output}`, { cause });
    });
  }

  #listens(): Promise<true | undefined> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1');
      socket.on('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(undefined));
    });
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
