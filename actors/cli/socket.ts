import { request } from 'node:http';
import { type Failure, fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import type { Answer, ControlCode, ControlRequest } from './deps.ts';
import { isSystemError } from './effects.ts';

/** A block waits for the kernel and the disk; what takes longer is stuck. */
const ANSWER_WITHIN_MS = 15_000;
const LARGEST_ANSWER = 64 * 1024 * 1024;

/** Sends one request over a Unix socket and reads its JSON answer, both bounded. */
export function askOverSocket(
  socketPath: string,
  { method, path, body, ifMatch, within: needed, signal: given }: ControlRequest,
  within: number = needed ?? ANSWER_WITHIN_MS,
): Promise<Result<Answer, ControlCode>> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    ...(text === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
    ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
  };
  return new Promise((resolved) => {
    const late = AbortSignal.timeout(within);
    const signal = given === undefined ? late : AbortSignal.any([late, given]);
    const failed = (thrown: unknown) => resolved(failure(socketPath, thrown, late.aborted));
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
