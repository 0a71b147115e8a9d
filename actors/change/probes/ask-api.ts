import { request } from 'node:https';
import { fail, messageOf, ok, type Result } from '../../../core/base/result.ts';
import type { Millis } from '../../../core/base/time.ts';
import type { ApiAnswer } from './port.ts';

/** Open to anybody, so it needs no credential. */
const PATH = '/api/v1/session';

/** Asks over a connection of its own. Whose certificate it is, the caller judges. */
export function askApi(host: string, port: number, timeout: Millis): Promise<Result<ApiAnswer, 'failed'>> {
  const { promise, resolve } = Promise.withResolvers<Result<ApiAnswer, 'failed'>>();
  const signal = AbortSignal.timeout(timeout);
  const call = request({ host, port, path: PATH, agent: false, rejectUnauthorized: false, signal }, (response) => {
    const { socket, statusCode: status = 0 } = response;
    const certificate = 'getPeerCertificate' in socket ? (socket as TlsSocket).getPeerCertificate() : undefined;
    response.resume();
    resolve(ok({ status, fingerprint: certificate?.fingerprint256 ?? '' }));
    response.on('end', () => call.destroy());
  });
  call.on('error', (thrown) => {
    resolve(fail('failed', signal.aborted ? `no answer within ${timeout} ms` : messageOf(thrown)));
  });
  call.end();
  return promise;
}

interface TlsSocket {
  getPeerCertificate(): { readonly fingerprint256?: string };
}
