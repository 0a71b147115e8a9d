import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { waitFor } from '../../support/wait-for.ts';

interface Reply {
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
  readonly event?: string;
}

/** qemu's machine protocol: one command at a time. */
export class Qmp {
  readonly #socket: Socket;
  readonly #answers: ((reply: Reply) => void)[] = [];
  #rest = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    socket.on('error', () => {}).on('close', () => this.#end());
  }

  static async open(path: string): Promise<Qmp> {
    const socket = await waitFor('the monitor', async () => {
      const attempt = connect(path);
      await once(attempt, 'connect');
      return attempt;
    });
    const qmp = new Qmp(socket);
    await qmp.ask('qmp_capabilities');
    return qmp;
  }

  /** @throws Error with qemu's words */
  async ask(execute: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#answers.push(resolve);
    this.#socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    const { error, return: value } = await promise;
    if (error !== undefined) throw new Error(`qemu refuses ${execute}: ${error.desc}`);
    return value;
  }

  /** A command of the monitor for people, for what has no other; @throws Error with what it says, good ones say nothing */
  async order(command: string): Promise<void> {
    const said = await this.ask('human-monitor-command', { 'command-line': command });
    if (typeof said === 'string' && said.trim() !== '') throw new Error(`qemu says to ${command}: ${said.trim()}`);
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const reply = JSON.parse(line) as Reply;
      if ('return' in reply || 'error' in reply) this.#answers.shift()?.(reply);
    }
  }

  #end(): void {
    for (const answer of this.#answers.splice(0)) answer({ error: { class: 'Gone', desc: 'qemu has ended' } });
  }

  close(): void {
    this.#socket.destroy();
  }
}
