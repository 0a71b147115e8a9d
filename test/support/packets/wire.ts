import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Namespace } from '../namespaces.ts';

/** How a packet asks for an answer; `open` belongs to a connection that was made before. */
export const KINDS = ['tcp', 'udp', 'icmp', 'open'] as const;
export type Kind = (typeof KINDS)[number];

export interface Probe {
  readonly kind: Kind;
  readonly source: string;
  readonly target: string;
}

export interface Ends {
  readonly device: string;
  readonly own: string;
  /** Hardware address of the next hop. */
  readonly next: string;
  /** Where the connections of `open` probes are listened for. */
  readonly listening: readonly Namespace[];
}

const SOURCE = fileURLToPath(new URL('../../../../test/support/packets/wire.cc', import.meta.url));
const PORT = '4040';

/** Sends packets of any source from within a namespace and says which were answered; see wire.cc. */
export class Wire {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string) {
    if (child.stdout === null) throw new Error('no pipe');
    this.#child = child;
    this.#folder = folder;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr?.pipe(process.stderr);
  }

  /** Builds it, as there is no compiled test program, and starts it. */
  static start(namespace: Namespace, { device, own, next, listening }: Ends): Wire {
    const folder = mkdtempSync(join(tmpdir(), 'bartizan-wire-'));
    const program = join(folder, 'wire');
    execFileSync('g++', ['-std=c++20', '-O1', '-o', program, SOURCE], { stdio: ['ignore', 'inherit', 'inherit'] });
    const names = listening.map(({ name }) => name);
    return new Wire(namespace.spawn(program, [device, own, next, PORT, ...names]), folder);
  }

  /** @throws when a connection for it cannot be made */
  async add({ kind, source, target }: Probe): Promise<void> {
    const told = await this.#ask(`probe ${kind} ${source} ${target}`);
    if (told !== 'ok') throw new Error(`${kind} from ${source} to ${target}: ${told}`);
  }

  /** What is sent last in each round, and is answered under every rule. */
  async mark(source: string, target: string): Promise<void> {
    await this.#ask(`marker ${source} ${target}`);
  }

  /** Sends all probes. @returns for each whether it was answered. @throws when the marker was not: nothing is known then */
  async round(): Promise<readonly boolean[]> {
    const told = await this.#ask('round');
    if (!/^[01]+$/.test(told)) throw new Error(`the marker was not answered: ${told}`);
    return [...told].map((digit) => digit === '1');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end();
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    rmSync(this.#folder, { recursive: true });
  }

  async #ask(line: string): Promise<string> {
    this.#child.stdin?.write(`${line}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`the wire ended at: ${line}`);
    return value;
  }
}
