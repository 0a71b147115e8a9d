import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { request } from 'node:http';
import { join, resolve } from 'node:path';
import type { WriteStream } from 'node:tty';
import { type Failure, fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import type { Answer, CliDeps, ControlCode, ControlRequest, Output } from './deps.ts';

/** The socket of a running Bartizan in its state directory. */
export const CONTROL_SOCKET = 'control.sock';

const INSTALLED_STATE = '/var/lib/bartizan';
/** A block waits for the kernel and the disk; what takes longer is stuck. */
const ANSWER_WITHIN_MS = 15_000;
const LARGEST_ANSWER = 64 * 1024 * 1024;

/** The real world for `runCli`. */
export function cliDeps(parts: Pick<CliDeps, 'version' | 'logs' | 'serve'>): CliDeps {
  return {
    ...parts,
    stdout: outputTo(process.stdout),
    stderr: outputTo(process.stderr),
    ask: (state, what) => askOverSocket(join(stateDirectory(state), CONTROL_SOCKET), what),
    openLog,
    readConfig: async (choice) => {
      // Loaded for the one command that needs it: schemas and YAML are most of what a short command would wait for.
      const configFile = await import('../host-integration/config-file/index.ts');
      const { locateConfig, machineName, readConfigFile, sourceNotes } = configFile;
      const { path, stateDir } = locateConfig({ ...choice, cwd: process.cwd() });
      const read = await readConfigFile(path, { hostname: machineName(), stateDir, parsers: parts.logs.parsers });
      if (!read.ok) return read;
      return ok({ loaded: read.value, notes: await sourceNotes(read.value.config, path) });
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

/** Sends one request over a Unix socket and reads its JSON answer, both bounded. */
export function askOverSocket(
  socketPath: string,
  { method, path, body }: ControlRequest,
  within: number = ANSWER_WITHIN_MS,
): Promise<Result<Answer, ControlCode>> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers =
    text === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) };
  return new Promise((resolved) => {
    const signal = AbortSignal.timeout(within);
    const failed = (thrown: unknown) => resolved(failure(socketPath, thrown, signal.aborted));
    const call = request({ socketPath, method, path, headers, agent: false, signal }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > LARGEST_ANSWER) response.destroy(new Error('the answer is too large'));
        else chunks.push(chunk);
      });
      response.on('error', failed);
      response.on('end', () => resolved(readAnswer(response.statusCode ?? 0, Buffer.concat(chunks))));
    });
    call.on('error', failed);
    call.end(text);
  });
}

function readAnswer(status: number, bytes: Buffer): Result<Answer, ControlCode> {
  try {
    return ok({ status, body: bytes.length === 0 ? null : JSON.parse(bytes.toString('utf8')) });
  } catch (thrown) {
    // An error of the transport itself may be plain text; its status still says enough.
    return status >= 400 ? ok({ status, body: null }) : fail('failed', 'the answer is not JSON', thrown);
  }
}

function failure(socketPath: string, thrown: unknown, late: boolean): Failure<ControlCode> {
  if (late) return fail('failed', 'Bartizan did not answer in time', thrown);
  const code = isSystemError(thrown) ? thrown.code : undefined;
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
    case 'ENOTSOCK':
      return fail('not_running', `Bartizan is not running: nobody answers at ${socketPath}. Is it another --state?`);
    case 'EACCES':
    case 'EPERM':
      return fail('denied', `${socketPath} may be opened by root only`);
    default:
      return fail('failed', `the connection broke: ${messageOf(thrown)}`, thrown);
  }
}

/** An error of the system, with its errno's name: foreseeable, unlike a bug. */
export const isSystemError = (thrown: unknown): thrown is Error & { readonly code: string } =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' && 'syscall' in thrown;
