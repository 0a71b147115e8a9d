import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whether this process may make namespaces; system tests skip with the reason where not. */
export const notRoot: string | false = process.getuid?.() === 0 ? false : 'needs root to make network namespaces';

/**
 * A network namespace of the test's own, with a random name: a new one, or the one that a process of the test's is in.
 * Dispose of it and everything started in it is ended.
 */
export class Namespace {
  readonly name: string;
  readonly #children: ChildProcess[] = [];

  constructor(role: string, pid?: number) {
    this.name = `bz-${role.slice(0, 6)}-${randomBytes(3).toString('hex')}`;
    execFileSync('ip', ['netns', ...(pid === undefined ? ['add', this.name] : ['attach', this.name, String(pid)])]);
    this.ip('link', 'set', 'lo', 'up');
  }

  /** `ip …` inside. */
  ip(...args: readonly string[]): string {
    return execFileSync('ip', ['-n', this.name, ...args], { encoding: 'utf8' });
  }

  /** Runs a program inside to its end; rejects when it fails. */
  async run(program: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await run('ip', ['netns', 'exec', this.name, program, ...args], { timeout: 60_000 });
    return stdout;
  }

  /** Starts a program inside. Its standard streams are pipes. */
  spawn(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.name, program, ...args], {
      env: { ...process.env, ...env },
      detached: true,
    });
    this.#children.push(child);
    return child;
  }

  /** A cable to another namespace: each end gets its address in CIDR form. */
  link(other: Namespace, mine: readonly string[], theirs: readonly string[]): void {
    const id = randomBytes(3).toString('hex');
    const [near, far] = [`v${id}a`, `v${id}b`];
    this.ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', other.name);
    for (const [space, device, addresses] of [[this, near, mine] as const, [other, far, theirs] as const]) {
      for (const address of addresses)
        space.ip('addr', 'add', address, 'dev', device, ...(address.includes(':') ? ['nodad'] : []));
      space.ip('link', 'set', device, 'up');
    }
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) {
      if (child.pid === undefined || child.exitCode !== null) continue;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        child.kill('SIGKILL');
      }
    }
    execFileSync('ip', ['netns', 'del', this.name]);
  }
}
