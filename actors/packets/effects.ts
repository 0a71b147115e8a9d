import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { within } from './place.ts';
import type { PacketTools, Ran, RunOptions } from './port.ts';

const LARGEST_OUTPUT = 4 * 1024 * 1024;
/** After it was killed a program may take so long to be gone; then it is left behind. */
const GRACE_MS = 500;
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };

function run(program: string, args: readonly string[], { input = '', timeout, signal }: RunOptions): Promise<Ran> {
  const { promise, resolve } = Promise.withResolvers<Ran>();
  const lost = setTimeout(() => resolve({ kind: 'late' }), timeout + GRACE_MS);
  const options = {
    timeout,
    killSignal: 'SIGKILL',
    maxBuffer: LARGEST_OUTPUT,
    env: ENVIRONMENT,
    ...(signal && { signal }),
  } as const;
  const child = execFile(program, [...args], options, (error, out, err) => {
    clearTimeout(lost);
    if (error === null) resolve({ kind: 'ended', code: 0, out, err });
    else if (error.code === 'ENOENT') resolve({ kind: 'missing' });
    else if (typeof error.code === 'number') resolve({ kind: 'ended', code: error.code, out, err });
    else resolve({ kind: 'late' });
  });
  // Whoever does not read to its end is gone, which its exit tells.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  return promise;
}

const SENDER = fileURLToPath(new URL('./outside-sender.js', import.meta.url));

const sendFrom: PacketTools['sendFrom'] = (namespace, letters, options) =>
  run(...within(namespace, process.execPath, [...process.execArgv, SENDER]), {
    ...options,
    input: JSON.stringify(letters),
  });

const NAME = /^bz-probe-(\d+)-[0-9a-f]{12}$/;

function isLeftOver(name: string): boolean {
  const [, pid] = NAME.exec(name) ?? [];
  if (pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** This machine's `ip`, and its own processes. */
export const packetTools: PacketTools = {
  run,
  sendFrom,
  newName: () => `bz-probe-${process.pid}-${randomBytes(6).toString('hex')}`,
  isLeftOver,
};
