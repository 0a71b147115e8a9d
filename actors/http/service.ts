import type { Component, ComponentState } from '../../core/base/component.ts';
import { fail, messageOf, type Result } from '../../core/base/result.ts';
import { seconds } from '../../core/base/time.ts';
import type { Service } from '../supervisor/index.ts';
import type { ChosenEngine } from './choose.ts';
import { controlSocket } from './control-socket.ts';
import { Front, type FrontOptions } from './front.ts';
import { nodeEngine } from './node/engine.ts';
import { opened } from './opened.ts';
import type { HttpEnginePort, Listener, TlsMaterial } from './port.ts';

export interface HttpOptions extends FrontOptions {
  readonly listen: { readonly host: string; readonly port: number };
  /** Asked at every start. */
  readonly tls: () => Promise<TlsMaterial>;
  /** Socket file for the command line, in a folder that only root may enter. */
  readonly socketPath: string;
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
  /** See `Listener`. */
  mark(): void;
  component(): Component;
}

/** How long a stop waits for requests that are under way. */
const GRACE = seconds(5);

/**
 * The doors to API and console: HTTPS, and the same API for root on a local socket. One stands without the other. A
 * start fails with one sentence on what to do about it.
 */
export function httpServices(options: HttpOptions): { readonly https: HttpService; readonly local: Service } {
  const chosen = fitting(options);
  const front = new Front(options);
  return {
    https: httpsService(options, front, chosen),
    local: controlSocket({ front, engine: chosen.engine, path: options.socketPath }),
  };
}

/** An engine that cannot hand over is of no use where something is attached: then node:https serves, as the only one. */
function fitting(options: HttpOptions): ChosenEngine {
  const { chosen = { engine: nodeEngine(options) }, attachPoints = [], log } = options;
  const { engine } = chosen;
  if (attachPoints.length === 0 || engine.capabilities.attach) return chosen;
  const paths = attachPoints.map(({ path }) => path.path).join(', ');
  const reason = `${engine.name} cannot hand over connections, as is needed for ${paths}`;
  log('info', 'HTTP is served by node:https', { reason });
  return { engine: nodeEngine(options), reason };
}

function httpsService(options: HttpOptions, front: Front, { engine, reason }: ChosenEngine): HttpService {
  const { clock } = options;
  let listener: Listener | undefined;
  let phase: Pick<Component, 'state' | 'since' | 'message'> = { state: 'off', since: clock.now() };
  const turn = (state: ComponentState, message?: string) => {
    phase = { state, since: clock.now(), ...(message === undefined ? {} : { message }) };
  };
  return {
    id: 'http',
    engine: engine.name,
    engineReason: reason,
    get port() {
      return listener?.port;
    },
    async start() {
      turn('starting');
      try {
        listener = await open(options, front, engine);
      } catch (thrown) {
        turn('failed', messageOf(thrown));
        throw thrown;
      }
      turn('ok', reason);
    },
    async stop() {
      const last = listener;
      listener = undefined;
      await last?.stop(GRACE);
      turn('off');
    },
    reload(tls) {
      return listener?.reload(tls) ?? fail('stopped', 'the HTTP service is stopped');
    },
    mark: () => listener?.mark(),
    component: () => ({ name: 'http', ...phase, counters: { ...front.counters } }),
  };
}

async function open(options: HttpOptions, front: Front, engine: HttpEnginePort): Promise<Listener> {
  const serve = await front.serve();
  const { attachPoints: points = [] } = options;
  const { onRefused } = front;
  const listener = opened(await engine.listen(options.listen, await options.tls(), serve, { points, onRefused }));
  front.reachedAt(listener.port);
  return listener;
}
