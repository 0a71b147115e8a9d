import { createServer } from 'node:net';
import type { Clock, Log, Random } from '../../../core/base/ports.ts';
import { fail, ok, type Result } from '../../../core/base/result.ts';
import { seconds } from '../../../core/base/time.ts';
import { listenFailure } from '../listen-failure.ts';
import { pooledRandom } from '../pooled-random.ts';
import { DEFAULT_LIMITS, type EngineLimits, type HttpEnginePort, type ListenCode, type TlsMaterial } from '../port.ts';
import { refuser } from '../refusal.ts';
import { assertUsable, badCertificate, TLS12_CIPHERS } from '../tls.ts';
import { SILENT, type Uws, type UwsApp } from './binding.ts';
import { headWriter } from './head-text.ts';
import { type MakeApp, UwsListener } from './listener.ts';
import type { LoadedUws } from './load.ts';
import { withPemFiles } from './pem-files.ts';

export interface UwsEngineOptions extends LoadedUws {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits?: Partial<EngineLimits>;
  /** Serves the local socket, where speed is of no use. */
  readonly local: HttpEnginePort;
}

/** One short reply in this many is looked after until it has been taken. */
const BLIND_REPLIES = 16;

/** uWebSockets.js for TLS. Its limits are looked after in steps of four seconds, `headerBytes` is the default's always. */
export function uwsEngine({
  uws,
  origin,
  clock,
  random,
  log,
  limits: wanted,
  local,
}: UwsEngineOptions): HttpEnginePort {
  const limits = { ...DEFAULT_LIMITS, ...wanted };
  const makeApp = appMaker(uws, limits);
  const lots = pooledRandom(random);
  const chance = () => (lots.bytes(1)[0] ?? 0) % BLIND_REPLIES === 0;
  uws._cfg(SILENT);
  return {
    name: origin === 'shipped' ? 'uWebSockets.js' : 'uWebSockets.js (copy adapted to an older glibc)',
    capabilities: {
      reload: true,
      localSocket: local.capabilities.localSocket,
      expectContinue: false,
      halfClose: false,
      attach: false,
      pipelining: false,
      allForms: false,
      exactChunks: false,
      wordedRefusals: false,
      alpn: false,
      lateness: seconds(4),
    },
    async listen(where, tls, serve, { onRefused } = {}) {
      const door = makeApp(tls);
      if (!door.ok) return door;
      const desk = { clock, log, limits, chance, headText: headWriter(), refuse: refuser(onRefused) };
      const listener = new UwsListener({ uws, desk, serve, makeApp }, door.value);
      const loaded = listener.reload(tls);
      if (!loaded.ok) return loaded;
      if (listener.open(where.host, where.port)) return ok(listener);
      return whyNot(where);
    },
    listenLocal: (path, principal, serve, more) => local.listenLocal(path, principal, serve, more),
  };
}

const appMaker =
  (uws: Uws, limits: EngineLimits): MakeApp =>
  (tls: TlsMaterial): Result<UwsApp, 'bad_certificate'> => {
    try {
      assertUsable(tls);
      const app = withPemFiles(tls, (key, cert) =>
        uws.SSLApp({
          key_file_name: key,
          cert_file_name: cert,
          ssl_ciphers: TLS12_CIPHERS.join(':'),
          ssl_prefer_low_memory_usage: true,
        }),
      );
      return ok(app.setIdleTimeout(wholeSeconds(limits.headerRead)).setResponseTimeout(wholeSeconds(limits.idle)));
    } catch (thrown) {
      return badCertificate(thrown);
    }
  };

const wholeSeconds = (duration: number): number => Math.max(1, Math.ceil(duration / 1000));

/** The engine does not say why it cannot listen. Node tells when it is made to try the same. */
function whyNot(where: { readonly host: string; readonly port: number }): Promise<Result<never, ListenCode>> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error) => resolve(listenFailure(error, where)));
    probe.listen(where, () => {
      probe.close();
      resolve(fail('failed', `cannot listen on ${where.host} port ${where.port}: uWebSockets.js gave no reason`));
    });
  });
}
