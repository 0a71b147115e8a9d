import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { daemonFlags } from '../../image/build/daemon-flags.ts';
import { AS_NOBODY } from './outsider.ts';
import { ROOT } from './root.ts';
import { waitFor } from './wait-for.ts';

const MAIN = fileURLToPath(new URL('../../bundle/main.js', import.meta.url));
export const NODE_FLAGS: readonly string[] = ['--disallow-code-generation-from-strings'];
export const DAEMON_FLAGS: readonly string[] = daemonFlags(ROOT);

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests read fields of whatever the API answers
  readonly body: any;
}

/** A directory of the test's own for state, config and logs. */
export const stateDir = (): Promise<string> => mkdtemp(join(tmpdir(), 'bartizan-test-'));

/**
 * The real daemon in a process of its own on a state directory. May be started again on the same directory after it was
 * stopped or killed.
 */
export class Daemon {
  readonly state: string;
  readonly #node: string;
  #child: ChildProcess | undefined;
  #output = '';

  /** @param node the executable that runs it */
  constructor(state: string, node: string = process.execPath) {
    this.state = state;
    this.#node = node;
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  /** All it has printed, over all starts. */
  get output(): string {
    return this.#output;
  }

  get configFile(): string {
    return join(this.state, 'bartizan.yaml');
  }

  async configure(yaml: string): Promise<void> {
    await writeFile(this.configFile, yaml, { mode: 0o600 });
  }

  /** Starts without waiting; resolves with the exit code when it ends. */
  launch(...args: readonly string[]): Promise<number | string> {
    return this.#spawn(this.#node, [...DAEMON_FLAGS, MAIN, 'serve', '--state', this.state, ...args]);
  }

  #spawn(program: string, args: readonly string[]): Promise<number | string> {
    return this.#watch(spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  #watch(child: ChildProcess): Promise<number | string> {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    this.#child = child;
    return once(child, 'exit').then(([code, signal]) => code ?? signal);
  }

  /** Starts and waits until it answers on its socket. */
  start(...args: readonly string[]): Promise<void> {
    return this.#answers(this.launch(...args));
  }

  /** The same as nobody (65534), without capabilities; state directory and config must be that user's. */
  startAsNobody(): Promise<void> {
    const [program, ...args] = AS_NOBODY;
    const node = [this.#node, ...DAEMON_FLAGS, MAIN, 'serve', '--state', this.state];
    return this.#answers(this.#spawn(program, [...args, ...node]));
  }

  /** The same somewhere else: `run` starts a program there. Paths mean the same there as here. */
  startBy(run: (program: string, args: readonly string[]) => ChildProcess): Promise<void> {
    return this.#answers(this.#watch(run(this.#node, [...DAEMON_FLAGS, MAIN, 'serve', '--state', this.state])));
  }

  async #answers(end: Promise<number | string>): Promise<void> {
    let ended: number | string | undefined;
    end.then(
      (code) => {
        ended = code;
      },
      () => {},
    );
    await waitFor('the daemon to answer', async () => {
      if (ended !== undefined) throw new Error(`it ended with ${ended}: ${this.#output}`);
      return (await this.call('GET', '/api/v1/status')).status === 200 ? true : undefined;
    }).catch((cause: unknown) => {
      throw new Error(`the daemon does not answer: ${this.#output}`, { cause });
    });
  }

  /** An API call as root over the control socket. */
  call(method: string, path: string, body?: unknown, more: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const asked = request(
      {
        socketPath: join(this.state, 'control.sock'),
        method,
        path,
        timeout: 10_000,
        headers:
          sent === undefined
            ? more
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent), ...more },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) }),
        );
      },
    );
    asked.on('error', reject).on('timeout', () => asked.destroy(new Error('no answer within 10 s')));
    asked.end(sent);
    return promise;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  stop(): Promise<void> {
    return this.kill('SIGTERM');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.state, { recursive: true, force: true });
  }
}
