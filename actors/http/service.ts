import type { AccessLog } from '../../core/api/access.ts';
import { attachGate } from '../../core/api/attach.ts';
import type { AuditSink } from '../../core/api/audit.ts';
import type { Principal } from '../../core/api/auth.ts';
import type { Blobs } from '../../core/api/blobs.ts';
import { csrfOfPage } from '../../core/api/csrf.ts';
import type { Desks } from '../../core/api/deps.ts';
import { createDispatch, type DispatchOptions } from '../../core/api/dispatch.ts';
import type { Dispatch } from '../../core/api/http.ts';
import type { Identity } from '../../core/api/identity.ts';
import type { HttpMeter } from '../../core/api/metrics/http-meter.ts';
import { currentOrigins, type OwnOrigin } from '../../core/api/origin.ts';
import { CSM } from '../../core/api/surface.ts';
import { mountsFor } from '../../core/api/tables.ts';
import { whenThere } from '../../core/base/awaitable.ts';
import type { Component, ComponentState } from '../../core/base/component.ts';
import type { Cidr } from '../../core/base/ip.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { fail, messageOf, type Result } from '../../core/base/result.ts';
import { millis, seconds } from '../../core/base/time.ts';
import type { Service } from '../supervisor/index.ts';
import { consoleAssets } from './assets.ts';
import type { ChosenEngine } from './choose.ts';
import { condense } from './condense.ts';
import { clearSocketPath, loadValidators, readAssets } from './effects.ts';
import { openUpload } from './multipart.ts';
import { nodeEngine } from './node/engine.ts';
import { pooledRandom } from './pooled-random.ts';
import type { AttachPoint, Doorway, HttpEnginePort, ListenCode, Listener, TlsMaterial } from './port.ts';
import { turnMemory } from './turn-memory.ts';
import { whole } from './whole.ts';

export interface HttpOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly desks: Desks;
  /** Counts every answer. */
  readonly meter: HttpMeter;
  readonly identity: Identity;
  readonly blobs: Blobs;
  readonly audit: AuditSink;
  readonly listen: { readonly host: string; readonly port: number };
  /**
   * Host names and addresses under which browsers reach the appliance at this moment; pages of any other origin are
   * refused.
   */
  readonly names: () => readonly string[];
  /** Told of every request, where somebody wants to know. */
  readonly access?: AccessLog | undefined;
  /** Proxies whose X-Forwarded-For is believed; none unless given. */
  readonly trustedProxies?: readonly Cidr[];
  /** Asked at every start. */
  readonly tls: () => Promise<TlsMaterial>;
  /** Socket file for the command line, in a folder that only root may enter. */
  readonly socketPath: string;
  /** The console's files; may be missing. */
  readonly consoleFolder: string;
  /** What takes connections over that leave HTTP; none unless given. */
  readonly attachPoints?: readonly AttachPoint[];
  /** node:https unless given. */
  readonly chosen?: ChosenEngine;
}

export interface HttpService extends Service {
  readonly engine: string;
  /** Why it is not the engine that was wished for. */
  readonly engineReason: string | undefined;
  /** The port really bound; `undefined` while stopped. */
  readonly port: number | undefined;
  /** Puts a new certificate into service without dropping a connection. */
  reload(tls: TlsMaterial): Result<void, 'bad_certificate' | 'stopped'>;
  component(): Component;
}

/** How long a stop waits for requests that are under way. */
const GRACE = seconds(5);

/** Root on the local socket: the file's mode is the proof. */
const ROOT: Principal = { kind: 'local', name: 'root', scopes: ['admin'] };

interface State {
  listeners: readonly Listener[];
  phase: Pick<Component, 'state' | 'since' | 'message'>;
  readonly counters: { requests: number; refused: number; failed: number };
}

/** Serves the API and the console. A start fails with one sentence on what to do about it. */
export function httpService(options: HttpOptions): HttpService {
  const { clock } = options;
  const { engine, reason } = options.chosen ?? { engine: nodeEngine(options) };
  const state: State = {
    listeners: [],
    phase: { state: 'off', since: clock.now() },
    counters: { requests: 0, refused: 0, failed: 0 },
  };
  const turn = (phase: ComponentState, message?: string) => {
    state.phase = { state: phase, since: clock.now(), ...(message === undefined ? {} : { message }) };
  };
  return {
    id: 'http',
    engine: engine.name,
    engineReason: reason,
    get port() {
      return state.listeners[0]?.port;
    },
    async start() {
      turn('starting');
      await open(options, engine, state).catch((thrown: unknown) => {
        turn('failed', messageOf(thrown));
        throw thrown;
      });
      turn('ok', reason);
    },
    async stop() {
      const { listeners } = state;
      state.listeners = [];
      await Promise.all(listeners.map((listener) => listener.stop(GRACE)));
      turn('off');
    },
    reload(tls) {
      return state.listeners[0]?.reload(tls) ?? fail('stopped', 'the HTTP service is stopped');
    },
    component: () => ({ name: 'http', ...state.phase, counters: { ...state.counters } }),
  };
}

async function open(options: HttpOptions, engine: HttpEnginePort, state: State): Promise<void> {
  const { listen, names, socketPath } = options;
  let ownOrigin: OwnOrigin = () => false;
  const serve = counted(await dispatchFor(options, (origin) => ownOrigin(origin)), options, state.counters);
  const listener = opened(
    await engine.listen(
      listen,
      await options.tls(),
      serve,
      doorwayOf(options, (origin) => ownOrigin(origin)),
    ),
  );
  state.listeners = [listener];
  // A browser in front of a proxy sees the proxy's port.
  const ports = [listener.port, ...(options.trustedProxies?.length ? [443] : [])];
  ownOrigin = currentOrigins(names, ports, options.clock);
  if (!(await clearSocketPath(socketPath))) {
    throw new Error(`cannot listen on ${socketPath}: a running Bartizan answers there, or it is no socket`);
  }
  state.listeners = [listener, opened(await engine.listenLocal(socketPath, ROOT, serve))];
}

async function dispatchFor(options: HttpOptions, ownOrigin: OwnOrigin): Promise<Dispatch> {
  const { desks, identity, blobs, clock, random, log, audit, trustedProxies = [] } = options;
  return createDispatch({
    mounts: mountsFor({ ...desks, identity, blobs, clock, log }),
    credentials: {
      token: turnMemory((raw) => identity.token(raw)),
      cookie: (raw, how) => identity.cookie(raw, how),
      watch: (principal, ended) => identity.watch(principal, ended),
    },
    validators: loadValidators(),
    openUpload,
    ownOrigin,
    clock,
    random: pooledRandom(random),
    access: options.access,
    atTurnEnd: setImmediate,
    finish: finisher(log),
    log,
    audit,
    trustedProxies,
    outside: consoleAssets(await readAssets(options.consoleFolder), (request) => csrfOfPage(request, CSM, identity)),
  });
}

function doorwayOf(options: HttpOptions, ownOrigin: OwnOrigin): Doorway | undefined {
  const { attachPoints: points = [], identity, clock, random, log } = options;
  if (points.length === 0) return undefined;
  const paths = points.map(({ path }) => path);
  return { points, gate: attachGate({ paths, credentials: identity, ownOrigin, clock, random, log }) };
}

/** What is done to every reply: one in pieces is gathered, one that is worth it tagged and compressed. */
export const finisher =
  (log: Log): NonNullable<DispatchOptions['finish']> =>
  (request, reply, requestId) =>
    whenThere(whole(reply, request, requestId, log), (done) => condense(request, done));

const counted =
  (serve: Dispatch, { clock, meter }: Pick<HttpOptions, 'clock' | 'meter'>, counters: State['counters']): Dispatch =>
  (request) => {
    const asked = clock.now();
    return whenThere(serve(request), (reply) => {
      meter.answered(reply.status, millis(clock.now() - asked));
      counters.requests++;
      if (reply.status >= 500) counters.failed++;
      else if (reply.status >= 400) counters.refused++;
      return reply;
    });
  };

function opened(listener: Result<Listener, ListenCode>): Listener {
  if (!listener.ok) throw new Error(listener.public, { cause: listener.cause });
  return listener.value;
}
