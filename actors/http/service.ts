import type { AuditSink } from '../../core/api/audit.ts';
import type { Principal } from '../../core/api/auth.ts';
import type { Desks } from '../../core/api/deps.ts';
import { createDispatch } from '../../core/api/dispatch.ts';
import type { Dispatch } from '../../core/api/http.ts';
import type { Identity } from '../../core/api/identity.ts';
import type { HttpMeter } from '../../core/api/metrics/http-meter.ts';
import { type OwnOrigin, ownOrigins } from '../../core/api/origin.ts';
import { mountsFor } from '../../core/api/tables.ts';
import type { Component, ComponentState } from '../../core/base/component.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { fail, messageOf, type Result } from '../../core/base/result.ts';
import { millis, seconds } from '../../core/base/time.ts';
import type { Service } from '../supervisor/index.ts';
import { consoleAssets } from './assets.ts';
import { condensed } from './condense.ts';
import { clearSocketPath, loadValidators, readAssets } from './effects.ts';
import { nodeEngine } from './node/engine.ts';
import type { HttpEnginePort, ListenCode, Listener, TlsMaterial } from './port.ts';
import { whole } from './whole.ts';

export interface HttpOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly desks: Desks;
  /** Counts every answer. */
  readonly meter: HttpMeter;
  readonly identity: Identity;
  readonly audit: AuditSink;
  readonly listen: { readonly host: string; readonly port: number };
  /** Host names and addresses under which browsers reach the appliance; pages of any other origin are refused. */
  readonly names: readonly string[];
  /** Asked at every start. */
  readonly tls: () => Promise<TlsMaterial>;
  /** Socket file for the command line, in a folder that only root may enter. */
  readonly socketPath: string;
  /** The console's files; may be missing. */
  readonly consoleFolder: string;
  /** node:https unless given. */
  readonly engine?: HttpEnginePort;
}

export interface HttpService extends Service {
  readonly engine: string;
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
  const engine = options.engine ?? nodeEngine(options);
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
    get port() {
      return state.listeners[0]?.port;
    },
    async start() {
      turn('starting');
      await open(options, engine, state).catch((thrown: unknown) => {
        turn('failed', messageOf(thrown));
        throw thrown;
      });
      turn('ok');
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
  const dispatch = whole(await dispatchFor(options, (origin) => ownOrigin(origin)), options.log);
  const serve = counted(condensed(dispatch), options, state.counters);
  const listener = opened(await engine.listen(listen, await options.tls(), serve));
  state.listeners = [listener];
  ownOrigin = ownOrigins(names, listener.port);
  if (!(await clearSocketPath(socketPath))) {
    throw new Error(`cannot listen on ${socketPath}: a running Bartizan answers there, or it is no socket`);
  }
  state.listeners = [listener, opened(await engine.listenLocal(socketPath, ROOT, serve))];
}

async function dispatchFor(options: HttpOptions, ownOrigin: OwnOrigin): Promise<Dispatch> {
  const { desks, identity, clock, random, log, audit } = options;
  return createDispatch({
    mounts: mountsFor({ ...desks, identity, clock }),
    credentials: identity,
    validators: loadValidators(),
    ownOrigin,
    clock,
    random,
    log,
    audit,
    outside: consoleAssets(await readAssets(options.consoleFolder)),
  });
}

const counted =
  (serve: Dispatch, { clock, meter }: HttpOptions, counters: State['counters']): Dispatch =>
  async (request) => {
    const asked = clock.now();
    const reply = await serve(request);
    meter.answered(reply.status, millis(clock.now() - asked));
    counters.requests++;
    if (reply.status >= 500) counters.failed++;
    else if (reply.status >= 400) counters.refused++;
    return reply;
  };

function opened(listener: Result<Listener, ListenCode>): Listener {
  if (!listener.ok) throw new Error(listener.public, { cause: listener.cause });
  return listener.value;
}
