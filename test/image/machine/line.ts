import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { waitFor } from '../../support/wait-for.ts';

/** Sequences that move the cursor, colour, clear; a console page is full of them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are control characters
const CONTROLS = /\u001b\[[0-9;?]*[A-Za-z]|\u001b[()][A-Z0-9]|\u001b[=>78cDEHM]|\r/g;

export const plain = (text: string): string => text.replace(CONTROLS, '');

interface Waiting {
  readonly pattern: RegExp;
  readonly from: number;
  readonly found: (match: RegExpExecArray) => void;
}

/** A serial line: what has come over it, and keys to send. */
export class SerialLine {
  readonly #socket: Socket;
  #text = '';
  #waiting: readonly Waiting[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
      this.#look();
    });
    socket.on('error', () => {});
  }

  static async open(path: string): Promise<SerialLine> {
    const socket = await waitFor('the serial line', async () => {
      const attempt = connect(path);
      await once(attempt, 'connect');
      return attempt;
    });
    return new SerialLine(socket);
  }

  /** All so far, without control sequences. */
  get text(): string {
    return plain(this.#text);
  }

  /** Where the line is now, for {@link expect}. */
  get mark(): number {
    return this.#text.length;
  }

  /** What has come since a mark, without control sequences. */
  since(mark: number): string {
    return plain(this.#text.slice(mark));
  }

  send(keys: string): void {
    this.#socket.write(keys);
  }

  /**
   * Resolves with the first match in what comes after the mark.
   * @throws Error with the last lines when it has not come within the time
   */
  expect(pattern: RegExp, withinMs: number, from = 0): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const timer = setTimeout(() => {
      this.#waiting = this.#waiting.filter((one) => one !== waiting);
      const last = this.since(from).trimEnd().split('\n').slice(-25).join('\n');
      reject(new Error(`${pattern} did not come within ${withinMs / 1000} s; the last lines were:\n${last}`));
    }, withinMs);
    const waiting: Waiting = {
      pattern,
      from,
      found: (match) => {
        clearTimeout(timer);
        resolve(match);
      },
    };
    this.#waiting = [...this.#waiting, waiting];
    this.#look();
    return promise;
  }

  #look(): void {
    this.#waiting = this.#waiting.filter(({ pattern, from, found }) => {
      const match = pattern.exec(this.since(from));
      if (match !== null) found(match);
      return match === null;
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}
