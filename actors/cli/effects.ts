import { existsSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { WriteStream } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { EVENTS_DIRECTORY } from '../../core/event/kept.ts';
import { AUTHORITY_CERTIFICATE, INSTALLED_AUTHORITY, LAB_AUTHORITY } from '../../core/image/authority-place.ts';
import { systemClock, systemRandom } from '../clock/index.ts';
import type { CliDeps, EventSearch, Interrupts, Output, ProvisionOptions } from './deps.ts';
import { cameFrom } from './ssh-source.ts';

/** The socket of a running Bartizan in its state directory. */
export const CONTROL_SOCKET = 'control.sock';

/** Where the program lies: a checkout, or /usr/lib/bartizan. */
const INSTALLATION = fileURLToPath(new URL('../../..', import.meta.url));
/** Of an installed program the one that its images are signed by; in a checkout the lab's. */
const IMAGE_AUTHORITIES = [INSTALLED_AUTHORITY, `${LAB_AUTHORITY}/${AUTHORITY_CERTIFICATE}`];
const INSTALLED_STATE = '/var/lib/bartizan';

export interface CliParts extends Pick<CliDeps, 'version' | 'logs' | 'serve'> {
  /** With an absolute state directory. */
  readonly provision: (options: ProvisionOptions & { readonly state: string }) => ReturnType<CliDeps['provision']>;
  readonly search: EventSearch;
  /** Of an absolute state directory with a store. */
  readonly verify: (state: string) => ReturnType<CliDeps['verify']>;
}

/** The real world for `runCli`. */
export function cliDeps({ search, provision, verify, ...parts }: CliParts): CliDeps {
  return {
    ...parts,
    cameFrom: () => cameFrom(process.ppid, process.env),
    now: () => systemClock.now(),
    pause: (time, signal) => pause(time, undefined, { signal }).catch(() => undefined),
    interrupts,
    searchEvents: (state, query) => {
      const directory = join(stateDirectory(state), EVENTS_DIRECTORY);
      if (!existsSync(directory))
        return fail('missing', `no events are kept in ${directory}; --state DIR names another`);
      return ok(search(directory, query));
    },
    stdout: outputTo(process.stdout),
    stderr: outputTo(process.stderr),
    ask: async (state, what) => {
      // Loaded by those who ask: node:http, and a fetch client with it, is a third of what a short command takes.
      const { askOverSocket } = await import('./socket.ts');
      return askOverSocket(join(stateDirectory(state), CONTROL_SOCKET), what);
    },
    provision: (options) => provision({ ...options, state: stateDirectory(options.state) }),
    verify: async (state) => {
      const directory = stateDirectory(state);
      return existsSync(join(directory, 'store'))
        ? verify(directory)
        : fail('unreadable', `there is no store in ${directory}`);
    },
    confirm,
    openLog,
    flashing: () => import('../flash/index.ts'),
    controller: () => import('../controller/index.ts'),
    world: { clock: systemClock, random: systemRandom },
    writeFile: (path, content) => writeFile(path, content, { mode: 0o600 }),
    imageAuthority: () => {
      const files = IMAGE_AUTHORITIES.map((name) => join(INSTALLATION, name));
      return files.find((file) => existsSync(file)) ?? join(INSTALLATION, 'image/authority.pem');
    },
    readConfig: async (choice) => {
      // Loaded for the one command that needs it: schemas and YAML are most of what a short command would wait for.
      const configFile = await import('../host-integration/config-file/index.ts');
      const { locateConfig, surroundings, readConfigFile, configNotes } = configFile;
      const { path, stateDir } = locateConfig({ ...choice, cwd: process.cwd() });
      const read = await readConfigFile(path, surroundings({ stateDir, parsers: parts.logs.parsers }));
      if (!read.ok) return read;
      return ok({ loaded: read.value, notes: await configNotes(read.value.config, path) });
    },
  };
}

function stateDirectory(given: string | undefined): string {
  if (given !== undefined) return resolve(given);
  const lab = resolve('var');
  return !existsSync(join(lab, CONTROL_SOCKET)) && existsSync(INSTALLED_STATE) ? INSTALLED_STATE : lab;
}

function outputTo(stream: WriteStream): Output {
  let closed = false;
  // Without a listener an EPIPE would be thrown as an uncaught exception; `write` reports it.
  stream.on('error', () => undefined);
  return {
    columns: stream.isTTY ? stream.columns : undefined,
    write: (text) =>
      new Promise((written, failed) => {
        if (closed) return written('closed');
        stream.write(text, (error) => {
          if (error === null || error === undefined) return written('written');
          closed = 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED');
          return closed ? written('closed') : failed(error);
        });
      }),
  };
}

/** The second Ctrl-C ends the program as ever. */
function interrupts(): Interrupts {
  const caught = new AbortController();
  const onInterrupt = (): void => caught.abort();
  process.once('SIGINT', onInterrupt);
  return { signal: caught.signal, [Symbol.dispose]: () => void process.off('SIGINT', onInterrupt) };
}

async function openLog(path: string): Promise<Result<AsyncIterable<Uint8Array>, 'unreadable'>> {
  if (path === '-') return ok(process.stdin);
  try {
    const file = await open(path, 'r');
    if ((await file.stat()).isDirectory()) {
      await file.close();
      return fail('unreadable', `${path} is a directory`);
    }
    return ok(file.createReadStream({ highWaterMark: 256 * 1024 }));
  } catch (thrown) {
    if (!isSystemError(thrown)) throw thrown;
    return fail('unreadable', `${path} cannot be read: ${thrown.code}`);
  }
}

async function confirm(question: string): Promise<'yes' | 'no' | 'nobody'> {
  if (!process.stdin.isTTY) return 'nobody';
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim()) ? 'yes' : 'no';
  } finally {
    terminal.close();
  }
}

/** An error of the system, with its errno's name: foreseeable, unlike a bug. */
export const isSystemError = (thrown: unknown): thrown is Error & { readonly code: string } =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' && 'syscall' in thrown;
