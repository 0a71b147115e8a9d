import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface RunOptions {
  readonly cwd?: string;
  /** Added to the fixed environment below. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** The same for every step on every machine: what a build makes may not hang on who runs it. */
export const ENVIRONMENT = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
} as const;

/** How the machine reaches its mirror, where it says so in the environment. */
const passedOn = (): Record<string, string> =>
  Object.fromEntries(
    ['http_proxy', 'https_proxy', 'no_proxy', 'TMPDIR'].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

const KEPT_OF_STDERR = 2000;

/**
 * Runs a program to its end. With root's usual path, in a fixed locale and time zone.
 * @returns what it wrote to stdout
 * @throws when it cannot be started or fails; with the end of what it said
 */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const child: ChildProcess = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...ENVIRONMENT, ...passedOn(), ...options.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input ?? '');
  const [out, err, [code, signal]] = await Promise.all([
    child.stdout === null ? '' : text(child.stdout),
    child.stderr === null ? '' : text(child.stderr),
    ended.catch((thrown: unknown) => {
      throw new Error(`${program} cannot be started: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }),
  ]);
  if (code === 0) return out;
  const said = (err.trim() || out.trim()).slice(-KEPT_OF_STDERR);
  throw new Error(`${program} ${args.slice(0, 3).join(' ')} … ended with ${signal ?? code}:\n${said}`);
}

/** @returns the lines a program wrote, without the empty ones */
export const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');
