import { request } from 'node:http';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';

export interface Question {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With its query. */
  readonly path: string;
  /** JSON, or bytes as they are. */
  readonly body?: unknown;
  /** ms. */
  readonly within?: number;
}

export interface Answered {
  readonly status: number;
  /** Parsed where it is JSON, else bytes. */
  readonly body: unknown;
}

const ANSWER_WITHIN_MS = 30_000;

/** Asks a controller that runs. `not_running`: nobody answers at the socket. */
export function askController(
  socketPath: string,
  { method, path, body, within = ANSWER_WITHIN_MS }: Question,
): Promise<Result<Answered, 'not_running' | 'failed'>> {
  const bytes = body === undefined ? undefined : body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body));
  return new Promise((tell) => {
    const signal = AbortSignal.timeout(within);
    const call = request(
      { socketPath, method, path, agent: false, signal, headers: { 'content-length': bytes?.length ?? 0 } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', (cause) => tell(failure(socketPath, cause, signal.aborted)));
        response.on('end', () => {
          const whole = Buffer.concat(chunks);
          const isJson = response.headers['content-type'] === 'application/json';
          tell(ok({ status: response.statusCode ?? 0, body: isJson ? JSON.parse(whole.toString('utf8')) : whole }));
        });
      },
    );
    call.on('error', (cause) => tell(failure(socketPath, cause, signal.aborted)));
    call.end(bytes);
  });
}

/** Lines of what happens until `until` is aborted or the controller ends. */
export function watchController(
  socketPath: string,
  path: string,
  line: (text: string) => Promise<void>,
  until: AbortSignal,
): Promise<Result<void, 'not_running' | 'failed' | 'usage'>> {
  return new Promise((tell) => {
    const call = request({ socketPath, path, agent: false, signal: until }, async (response) => {
      if (response.statusCode !== 200) {
        response.resume();
        tell(fail('usage', 'that names no appliance: a serial, LABEL=VALUE, or all'));
        return;
      }
      let rest = '';
      try {
        for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
          const lines = (rest + chunk).split('\n');
          rest = lines.pop() ?? '';
          for (const one of lines) await line(one);
        }
        tell(ok(undefined));
      } catch (cause) {
        tell(until.aborted ? ok(undefined) : failure(socketPath, cause, false));
      }
    });
    call.on('error', (cause) => tell(until.aborted ? ok(undefined) : failure(socketPath, cause, false)));
    call.end();
  });
}

function failure(socketPath: string, cause: unknown, isLate: boolean): Result<never, 'not_running' | 'failed'> {
  if (isLate) return fail('failed', 'the controller did not answer in time', cause);
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    return fail('not_running', `no controller runs: nobody answers at ${socketPath}. Is it another --state?`, cause);
  }
  if (code === 'EACCES') return fail('failed', `${socketPath} may be opened by root only`, cause);
  return fail('failed', `the connection to the controller broke: ${messageOf(cause)}`, cause);
}
