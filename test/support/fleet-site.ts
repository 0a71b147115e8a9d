import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askController, placeIn } from '../../actors/controller/index.ts';
import { NODE_FLAGS } from './daemon.ts';
import { freePorts } from './free-port.ts';
import { waitFor } from './wait-for.ts';

const MAIN = fileURLToPath(new URL('../../bundle/main.js', import.meta.url));
/** As `bartizan controller serve` starts it. */
const CONTROLLER_FLAGS: readonly string[] = [...NODE_FLAGS, '--max-semi-space-size=2'];
const MOSQUITTO = '/usr/sbin/mosquitto';

/** Why a test of a fleet is skipped; false where it need not be. */
export const noBroker: string | false = existsSync(MOSQUITTO) ? false : 'mosquitto is not installed';

/** Where a fleet's broker and controllers run. */
export interface FleetPlace {
  readonly brokerPort: number;
  readonly enrolmentPort: number;
  /** URLs of the broker as appliances reach it, in their order; controllers reach it by the first. */
  readonly brokers: readonly string[];
  /** Host of the enrolment server. */
  readonly enrolmentHost: string;
  /** @param who `broker`, or the name of a controller */
  spawn(who: string, program: string, argv: readonly string[]): ChildProcess;
}

async function onLoopback(): Promise<FleetPlace> {
  const [brokerPort = 0, enrolmentPort = 0] = await freePorts(2);
  return {
    brokerPort,
    enrolmentPort,
    brokers: [`mqtts://localhost:${brokerPort}`],
    enrolmentHost: 'localhost',
    spawn: (_, program, argv) => spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'] }),
  };
}

/** What `simulate --json` says each second. */
export interface Simulated {
  readonly admitted: number;
  readonly connected: number;
  readonly confirmed: Readonly<Record<string, number>>;
  readonly sent: number;
  readonly elapsed_s: number;
  readonly memory_mb: number;
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A controller, a broker and whatever else runs for one fleet, on loopback or elsewhere, in a directory of its own. */
export class FleetSite {
  readonly root: string;
  readonly #place: FleetPlace;
  readonly #children = new Map<string, ChildProcess>();
  readonly #outputs = new Map<string, string>();

  private constructor(root: string, place: FleetPlace) {
    this.root = root;
    this.#place = place;
  }

  /** Makes the fleet and its broker, which runs; the controller does not yet. */
  static async make(): Promise<FleetSite> {
    const site = await FleetSite.prepare(await onLoopback());
    await site.writeBroker();
    await site.startBroker();
    return site;
  }

  /** Makes the fleet; nothing runs yet. */
  static async prepare(place: FleetPlace): Promise<FleetSite> {
    const site = new FleetSite(await mkdtemp(join(tmpdir(), 'bartizan-fleet-')), place);
    const enrol = `https://${place.enrolmentHost}:${place.enrolmentPort}/enrol`;
    const where = ['--broker', place.brokers.join(), '--enrol', enrol];
    const made = await site.run('main', 'ca', 'init', '--tenant', 'acme', ...where);
    if (made.code !== 0) throw new Error(made.err);
    return site;
  }

  get brokerPort(): number {
    return this.#place.brokerPort;
  }

  /** Tells the controller where the broker has its revocation list, and how to have it read anew. */
  tellsBroker(): Promise<void> {
    const revocations = join(this.brokerFolder, 'revoked.crl');
    const line = `broker: { revocations: ${revocations}, pid_file: ${this.#pidFile} }\n`;
    return appendFile(join(this.state('main'), 'controller.yaml'), line);
  }

  get #pidFile(): string {
    return join(this.root, 'mosquitto.pid');
  }

  state(name: string): string {
    return join(this.root, name);
  }

  get brokerFolder(): string {
    return join(this.root, 'broker');
  }

  /** Writes what the broker reads; after a controller was added, too. */
  async writeBroker(): Promise<void> {
    const port = String(this.brokerPort);
    const written = await this.run('main', 'broker-config', '--out', this.brokerFolder, '--port', port);
    if (written.code !== 0) throw new Error(written.err);
    // It stays who started it, so that it reads a directory of this test's own.
    const path = join(this.brokerFolder, 'mosquitto.conf');
    const config = await readFile(path, 'utf8');
    const more = `user root\npid_file ${this.#pidFile}\npersistence_location ${this.root}/\n`;
    await writeFile(path, more + config);
  }

  async startBroker(): Promise<void> {
    this.#start('broker', MOSQUITTO, ['-c', join(this.brokerFolder, 'mosquitto.conf')]);
    await waitFor('the broker to run', () => (this.output('broker').includes('running') ? true : undefined));
  }

  /** Starts a controller and waits until it answers and is connected. */
  async serve(name: string, ...options: readonly string[]): Promise<void> {
    const words = ['controller', 'serve', '--state', this.state(name), ...options];
    this.#start(name, process.execPath, [...CONTROLLER_FLAGS, MAIN, ...words]);
    await waitFor(`${name} to be connected`, async () => {
      const asked = await this.run(name, 'shards', '--json');
      return asked.code === 0 && this.output(name).includes('connected to the broker') ? true : undefined;
    });
  }

  /** Waits until a controller serves all of these shards. */
  async serves(name: string, count = 64, withinMs = 40_000): Promise<void> {
    await waitFor(
      `${name} to serve ${count} shards`,
      async () => {
        const rows = await this.rows(name, 'shards');
        return rows.filter((row) => row['served'] === true).length === count ? true : undefined;
      },
      { withinMs, everyMs: 300 },
    );
  }

  /** Runs a word of the command line with this controller's directory. */
  run(name: string, ...words: readonly string[]): Promise<Ran> {
    const argv = [...NODE_FLAGS, MAIN, 'controller', ...words, '--state', this.state(name)];
    return new Promise((tell) => {
      execFile(process.execPath, argv, { maxBuffer: 64 * 1024 * 1024 }, (error, out, err) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        tell({ code, out, err });
      });
    });
  }

  /** Objects that a word prints with `--json`. */
  async rows(name: string, ...words: readonly string[]): Promise<readonly Record<string, unknown>[]> {
    const { out, err } = await this.run(name, ...words, '--json');
    if (out === '' && err !== '') throw new Error(err);
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  }

  /** How many appliances a controller knows to be there; without the work of naming each. */
  async online(name: string): Promise<number> {
    const { socket } = placeIn(this.state(name));
    const asked = await askController(socket, { method: 'GET', path: '/v1/status' });
    if (!asked.ok) throw new Error(asked.public);
    return Number((asked.value.body as { readonly online: number }).online);
  }

  /** Light appliances in a process of their own. */
  simulate(name: string, count: number, ...options: readonly string[]): void {
    const words = ['controller', 'simulate', String(count), '--json', '--state', this.state('main'), ...options];
    this.#start(name, process.execPath, [...NODE_FLAGS, MAIN, ...words]);
  }

  /** Since it was started last. */
  output(name: string): string {
    return this.#outputs.get(name) ?? '';
  }

  /** Of a broker, a controller or appliances that run. */
  pid(name: string): number {
    return this.#children.get(name)?.pid ?? -1;
  }

  /** What light appliances said last of how they are. */
  simulated(name: string): Simulated {
    const line = this.output(name).trimEnd().split('\n').at(-1) ?? '';
    const none = { admitted: 0, connected: 0, confirmed: {}, sent: 0, elapsed_s: 0, memory_mb: 0 };
    return line.startsWith('{') ? JSON.parse(line) : none;
  }

  /** Makes a further controller of the fleet, which may lease, confirm and ask again; it does not run yet. */
  async addController(name: string): Promise<void> {
    const added = await this.run('main', 'ca', 'add', name, '--out', this.state(name));
    if (added.code !== 0) throw new Error(added.err);
    const [, key = ''] = /--public (\w+)/.exec(added.out) ?? [];
    const kinds = ['--kinds', 'lease,replay,confirm'];
    const allowed = await this.run('main', 'keys', 'add', name, '--public', key, ...kinds);
    if (allowed.code !== 0) throw new Error(allowed.err);
    await this.writeBroker();
    process.kill(this.pid('broker'), 'SIGHUP');
  }

  async stop(name: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#children.get(name);
    this.#children.delete(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.#children.keys()].reverse()) await this.stop(name, 'SIGKILL');
    await rm(this.root, { recursive: true, force: true });
  }

  #start(name: string, program: string, argv: readonly string[]): void {
    const child = this.#place.spawn(name, program, argv);
    this.#outputs.delete(name);
    this.#children.set(name, child);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#outputs.set(name, this.output(name) + text);
      });
    }
  }
}
