import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHand } from '../../native/nft/hand/index.ts';
import type { NftPort } from '../../native/nft/port.ts';
import { waitUntil } from './network-namespace.ts';
import { ROOT } from './root.ts';

export const PROGRAM: string = join(ROOT, 'dist/native/hands/net/net-hand');

/** A net hand's place: a folder for its socket, and processes that come and go there. */
export class HandSite {
  readonly folder = mkdtempSync(join(tmpdir(), 'bz-hand-'));
  readonly socket = join(this.folder, 'socket');
  /** What the hands wrote on standard error. */
  log = '';
  readonly #netns: string;
  readonly #arguments: readonly string[];
  readonly #program: string;
  #child: ChildProcess | undefined;

  constructor(netns: string, args: readonly string[] = [], program: string = PROGRAM) {
    this.#netns = netns;
    this.#arguments = args;
    this.#program = program;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('no hand runs');
    return pid;
  }

  /** Starts one; it may be connected to when this resolves. */
  async start(env: Readonly<Record<string, string>> = {}, more: readonly string[] = []): Promise<void> {
    const words = ['netns', 'exec', this.#netns, this.#program, '--socket', this.socket, ...this.#arguments, ...more];
    const child = spawn('ip', words, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`the hand ended: ${this.log}`)));
      const from = this.log.length;
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        this.log += text;
        if (this.log.includes('net-hand: ready', from)) resolve();
      });
    });
  }

  /** Fails with what the hand said, where it ends instead. */
  async open(): Promise<NftPort> {
    const opened = await openHand({ socket: this.socket });
    if (!opened.ok) throw new Error(`${opened.public}\n${this.log}`);
    return opened.value;
  }

  /** Resolves when it has written such a line. */
  logged(line: RegExp): Promise<void> {
    return waitUntil(`${line} in\n${this.log}`, 5000, () => line.test(this.log));
  }

  /** Ends it; resolves with its exit code, null where a signal ended it. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
    this.#child = undefined;
    return child.exitCode;
  }

  async dispose(): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
