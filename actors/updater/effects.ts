import { spawn } from 'node:child_process';
import { constants, readFileSync } from 'node:fs';
import { open, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { STICKS } from '../../core/image/source.ts';
import type { Ran, Run, RunOptions, UpdaterFiles } from './port.ts';

/** Kept of each stream: what RAUC says of one bundle is far below. */
const LARGEST_OUTPUT = 256 * 1024;
const LARGEST_FILE = 64 * 1024;
const MOST_BUNDLES = 50;
/** After it was killed a program may take so long to be gone; then it is left behind. */
const GRACE_MS = 500;
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };

/** Programs of this machine. */
export const runProgram: Run = (program, args, { timeout, onLine }: RunOptions) => {
  const { promise, resolve } = Promise.withResolvers<Ran>();
  const child = spawn(program, [...args], { env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'pipe'] });
  let isLate = false;
  const lost = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
    setTimeout(() => resolve({ kind: 'late' }), GRACE_MS).unref();
  }, timeout);
  const out = collect(child.stdout, onLine);
  const err = collect(child.stderr);
  child.on('error', (thrown: NodeJS.ErrnoException) => {
    clearTimeout(lost);
    resolve(thrown.code === 'ENOENT' ? { kind: 'missing' } : { kind: 'ended', code: 1, out: '', err: thrown.message });
  });
  child.on('close', (code, signal) => {
    clearTimeout(lost);
    if (signal === null) resolve({ kind: 'ended', code: code ?? 1, out: out(), err: err() });
    else resolve(isLate ? { kind: 'late' } : { kind: 'killed', signal });
  });
  return promise;
};

/** Keeps the end of a stream, and hands its lines on as they come. */
function collect(stream: NodeJS.ReadableStream, onLine?: (line: string) => void): () => string {
  let kept = '';
  let partial = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    kept = (kept + text).slice(-LARGEST_OUTPUT);
    const lines = (partial + text).split('\n');
    partial = (lines.pop() ?? '').slice(-LARGEST_FILE);
    if (onLine !== undefined) for (const line of lines) onLine(line);
  });
  return () => kept;
}

/** Of this machine. */
export const systemFiles: UpdaterFiles = {
  async read(path) {
    try {
      await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(LARGEST_FILE), 0, LARGEST_FILE, null);
      return buffer.toString('utf8', 0, bytesRead);
    } catch {
      return undefined;
    }
  },
  async write(path, text) {
    await writeNew(path, text, 0o600);
    await using folder = await open(dirname(path), constants.O_RDONLY);
    await folder.sync();
  },
  async put(path, text) {
    await writeFile(`${path}.new`, text, { mode: 0o644 });
    await chmodded(`${path}.new`);
    await rename(`${path}.new`, path);
  },
  async bundles() {
    const found: { readonly path: string; readonly bytes: number }[] = [];
    for (const stick of await names(STICKS)) {
      for (const name of await names(`${STICKS}/${stick}`)) {
        const path = `${STICKS}/${stick}/${name}`;
        if (!name.endsWith('.raucb') || found.length === MOST_BUNDLES) continue;
        const about = await stat(path).catch(() => undefined);
        if (about?.isFile() === true) found.push({ path, bytes: about.size });
      }
    }
    return found;
  },
};

const names = async (folder: string): Promise<readonly string[]> => (await readdir(folder).catch(() => [])).sort();

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  {
    await using file = await open(`${path}.new`, 'w', mode);
    await file.writeFile(text);
    await file.sync();
  }
  await rename(`${path}.new`, path);
}

/** For everybody to read, whatever this process makes by default. */
async function chmodded(path: string): Promise<void> {
  await using file = await open(path, constants.O_RDONLY);
  await file.chmod(0o644);
}

/** Where the service manager has made a folder for what is told at run time: the first of `RuntimeDirectory=`. */
export const runtimeFolder = (): string | undefined => process.env['RUNTIME_DIRECTORY']?.split(':', 1)[0];

/** Text of a file that is there from the start, or nothing. */
export function textNow(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

export const ownPid = (): number => process.pid;
