import { readFile } from 'node:fs/promises';
import { Daemon, stateDir } from '../daemon.ts';
import { Namespace } from '../namespaces.ts';
import { waitFor } from '../wait-for.ts';

const CONFIG = `# What the fleet does not decide stays as it is.
webui: { listen: '127.0.0.1:9443' }
watchers: { journal: false }
firewall: { enabled: true, canary: false }
controller: { enabled: true } # as enrolled
`;

/** A record of the audit log, as far as tests look at it. */
export interface Audited {
  readonly action: string;
  readonly actor: string;
  /** `name=value, …`. */
  readonly details?: string;
}

/** An appliance: the real daemon, which enforces, in a network namespace of its own. */
export class Edge implements AsyncDisposable {
  readonly space: Namespace;
  readonly daemon: Daemon;
  #serial = '';

  private constructor(role: string, daemon: Daemon) {
    this.space = new Namespace(role);
    this.daemon = daemon;
  }

  static async make(role: string): Promise<Edge> {
    const edge = new Edge(role, new Daemon(await stateDir()));
    await edge.daemon.configure(CONFIG);
    return edge;
  }

  get serial(): string {
    return this.#serial;
  }

  start(): Promise<void> {
    return this.daemon.startBy((program, args) => this.space.spawn(program, [...args, '--enforce']));
  }

  async enrol(token: string): Promise<void> {
    const { status, body } = await this.daemon.call('POST', '/api/v1/controller-link/enroll', { token });
    if (status !== 200) throw new Error(`${JSON.stringify(body)}: ${this.daemon.output}`);
    this.#serial = body.enrolled.serial;
  }

  /** What its kernel holds to, without counters and what of timeouts is left. */
  rules(): Promise<string> {
    return this.space.run('nft', '-s', 'list', 'table', 'inet', 'bartizan');
  }

  config(): Promise<string> {
    return readFile(this.daemon.configFile, 'utf8');
  }

  async audit(wanted: string | ((action: string) => boolean)): Promise<readonly Audited[]> {
    const { body } = await this.daemon.call('GET', '/api/v1/audit');
    const isWanted = typeof wanted === 'string' ? (action: string) => action === wanted : wanted;
    return (body as readonly Audited[]).filter(({ action }) => isWanted(action));
  }

  /** How the link says that it is. */
  async link(): Promise<{ readonly state: string; readonly message?: string }> {
    const { body } = await this.daemon.call('GET', '/api/v1/components');
    return body.find(({ name }: { readonly name: string }) => name === 'controller-link');
  }

  /** Waits until the kernel has it, or has it no more. */
  enforces(text: string, isThere = true): Promise<true> {
    return waitFor(`${this.space.name} to ${isThere ? 'have' : 'lose'} ${text}`, async () =>
      (await this.rules()).includes(text) === isThere ? true : undefined,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.space[Symbol.dispose]();
    await this.daemon[Symbol.asyncDispose]();
  }
}
