import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { NetworkNamespace } from './network-namespace.ts';

/** A Python program in a namespace that answers each line it reads with a line. */
export class LineProgram {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;

  constructor(namespace: NetworkNamespace, program: string) {
    this.#child = spawn('ip', ['netns', 'exec', namespace.name, 'python3', '-c', program], { stdio: 'pipe' });
    this.#child.stderr.pipe(process.stderr);
    this.#lines = createInterface(this.#child.stdout);
  }

  async ask(line: string): Promise<string> {
    const answer = once(this.#lines, 'line');
    this.#child.stdin.write(`${line}\n`);
    return String((await answer)[0]);
  }

  /** It ends when it has nothing more to read. */
  async close(): Promise<void> {
    const ended = once(this.#child, 'close');
    this.#child.stdin.end();
    await ended;
  }
}
