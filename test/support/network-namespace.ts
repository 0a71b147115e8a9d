import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

/** Why system tests of network namespaces cannot run here; false when they can. */
export function namespacesUnavailable(): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  try {
    execFileSync('ip', ['netns', 'list'], { stdio: 'pipe' });
    execFileSync('nft', ['--version'], { stdio: 'pipe' });
    return false;
  } catch {
    return 'needs ip (iproute2) and nft (nftables)';
  }
}

/** A network namespace of a test's own, with loopback up. Removed by `dispose`. */
export class NetworkNamespace {
  readonly name: string;

  constructor(purpose: string) {
    this.name = `bz-${purpose}-${randomBytes(4).toString('hex')}`;
    execFileSync('ip', ['netns', 'add', this.name]);
    this.ip('link', 'set', 'lo', 'up');
  }

  /** Runs `ip` with its arguments inside. */
  ip(...args: readonly string[]): string {
    return run('ip', ['-n', this.name, ...args]);
  }

  /** Runs a command inside, with what it reads on standard input. @throws when it fails */
  exec(command: string, args: readonly string[], input = ''): string {
    return run('ip', ['netns', 'exec', this.name, command, ...args], input);
  }

  dispose(): void {
    execFileSync('ip', ['netns', 'del', this.name]);
  }
}

const run = (command: string, args: readonly string[], input = ''): string =>
  execFileSync(command, args, { input, encoding: 'utf8', stdio: 'pipe' });

/** Polls until it holds. @param within ms after which it is a failure that names `what` */
export async function waitUntil(what: string, within: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + within;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${within} ms: ${what}`);
    await pause(10);
  }
}
