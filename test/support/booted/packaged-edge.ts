import { execFile } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { Namespace } from '../namespaces.ts';
import { waitFor } from '../wait-for.ts';
import { BootedMachine } from './machine.ts';

const run = promisify(execFile);

export const EDGE = '192.0.2.1';
export const ATTACKER = '192.0.2.2';
const CONSOLE = 'https://127.0.0.1:9443';

/** An answer of the API. */
export interface Answered {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  readonly body: any;
}

/** A Debian that is booted from its root, a cable to it, and somebody at the cable's other end. */
export class PackagedEdge implements AsyncDisposable {
  readonly machine: BootedMachine;
  readonly #spaces: Namespace[] = [];
  /** Of the admin, once it is claimed. */
  token = '';

  private constructor(machine: BootedMachine) {
    this.machine = machine;
  }

  static async open(root: string): Promise<PackagedEdge> {
    const edge = new PackagedEdge(new BootedMachine({}, root));
    try {
      await edge.machine.boot();
      const [outside, inside] = [new Namespace('attacker'), new Namespace('edge', edge.machine.pid)];
      edge.#spaces.push(outside, inside);
      outside.link(inside, [`${ATTACKER}/24`], [`${EDGE}/24`]);
      return edge;
    } catch (thrown) {
      await edge[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** Runs a shell command in the machine; rejects when it fails. */
  sh(script: string): Promise<string> {
    return this.machine.run('sh', '-c', script);
  }

  /** Brings a package in and has dpkg or apt install it; what they have said. Edited conffiles are kept. */
  async install(file: string, by = 'dpkg --force-confold --install'): Promise<string> {
    const inside = join('/run', basename(file));
    copyFileSync(file, this.machine.at(inside));
    return await this.sh(`DEBIAN_FRONTEND=noninteractive ${by} ${inside} 2>&1; code=$?; rm ${inside}; exit $code`);
  }

  /** Whether a packet from outside is answered: one within a second, or none. */
  async answersOutside(): Promise<boolean> {
    const [outside] = this.#spaces;
    const ended = outside?.run('ping', '-q', '-c', '1', '-W', '1', EDGE);
    return (
      ended?.then(
        () => true,
        () => false,
      ) ?? false
    );
  }

  /** Asks the API over HTTPS in the machine's network, trusting its own authority alone. */
  async api(method: string, path: string, body?: unknown): Promise<Answered> {
    const options = ['--silent', '--show-error', '--max-time', '10', '--write-out', '\n%{http_code}'];
    const trust = ['--cacert', this.machine.at('/var/lib/bartizan/tls/ca.crt')];
    const headers = this.token === '' ? [] : ['--header', `Authorization: Bearer ${this.token}`];
    const content = ['--header', 'Content-Type: application/json', '--header', 'If-Match: *'];
    const sent = body === undefined ? [] : [...content, '--data', JSON.stringify(body)];
    const enter = ['--target', String(this.machine.pid), '--net', 'curl'];
    const args = [...enter, ...options, ...trust, ...headers, ...sent, '--request', method, `${CONSOLE}${path}`];
    const { stdout } = await run('nsenter', args);
    const [, text = '', status = '0'] = /^([\s\S]*)\n(\d+)$/.exec(stdout) ?? [];
    return { status: Number(status), body: text === '' ? undefined : JSON.parse(text) };
  }

  /** Takes possession with the code that the daemon wrote into the journal. */
  async claim(): Promise<void> {
    const code = await waitFor(
      'the claim code',
      async () => /claim +(\S+-\S+)/.exec(await this.machine.journal('bartizan.service'))?.[1],
    );
    const { status, body } = await this.api('POST', '/api/v1/claim', { code });
    if (status !== 200) throw new Error(`not claimed: ${JSON.stringify(body)}`);
    this.token = body.token;
  }

  /** Everything that is on the disk: type, mode, owner, target of a link, hash of a file. What only logs is left out. */
  async disk(): Promise<ReadonlyMap<string, string>> {
    const listed = await this.sh(`
      find / -xdev ${PRUNED.map((path) => `-path ${path} -prune -o`).join(' ')} \\
        -printf '%p\\t%y %m %U:%G %l\\n'
      find / -xdev ${PRUNED.map((path) => `-path ${path} -prune -o`).join(' ')} -type f -print0 |
        xargs -0 sha256sum | sed 's/^\\(\\S*\\)  \\(.*\\)/\\2:content\\t\\1/'`);
    return new Map(listed.split('\n').map((line) => line.split('\t', 2) as [string, string]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.machine.cutPower();
    for (const space of this.#spaces.splice(0)) space[Symbol.dispose]();
    await this.machine[Symbol.asyncDispose]();
  }
}

/** Logs, caches, what apt makes for itself, and what dpkg and the account files were before their last change. */
const PRUNED: readonly string[] = ['/var/log', '/var/cache', '/var/lib/apt', "'/var/lib/dpkg/*-old'", "'/etc/*-'"];

/** The lines in which two disks differ, `-` before and `+` after. */
export function differences(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.flatMap((path) => {
    const [was, is] = [before.get(path), after.get(path)];
    if (was === is) return [];
    return [...(was === undefined ? [] : [`- ${path} ${was}`]), ...(is === undefined ? [] : [`+ ${path} ${is}`])];
  });
}
