import { type AccessLog, told } from '../../core/api/access.ts';
import type { AuditSink } from '../../core/api/audit.ts';
import type { Blobs } from '../../core/api/blobs.ts';
import { csrfOfPage } from '../../core/api/csrf.ts';
import type { Desks } from '../../core/api/deps.ts';
import { createDispatch, type DispatchOptions } from '../../core/api/dispatch.ts';
import type { Dispatch } from '../../core/api/http.ts';
import type { Identity } from '../../core/api/identity.ts';
import type { HttpMeter } from '../../core/api/metrics/http-meter.ts';
import { mountsOn } from '../../core/api/mount.ts';
import { nearness } from '../../core/api/near.ts';
import { currentOrigins, type OwnOrigin } from '../../core/api/origin.ts';
import { CSM } from '../../core/api/surface.ts';
import { mountsFor } from '../../core/api/tables.ts';
import { splitTarget } from '../../core/api/target.ts';
import { whenThere } from '../../core/base/awaitable.ts';
import { uuidv7 } from '../../core/base/ids.ts';
import type { Cidr } from '../../core/base/ip.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { type Millis, millis } from '../../core/base/time.ts';
import { consoleAssets } from './assets.ts';
import { begin } from './begin.ts';
import { condense } from './condense.ts';
import { loadValidators, readAssets } from './effects.ts';
import { openUpload } from './multipart.ts';
import { pooledRandom } from './pooled-random.ts';
import type { AttachPoint } from './port.ts';
import type { OnRefused } from './refusal.ts';
import { turnMemory } from './turn-memory.ts';

export interface FrontOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly desks: Desks;
  /** Counts every answer. */
  readonly meter: HttpMeter;
  readonly identity: Identity;
  readonly blobs: Blobs;
  readonly audit: AuditSink;
  /**
   * Host names and addresses under which browsers reach the appliance at this moment; pages of any other origin are
   * refused.
   */
  readonly names: () => readonly string[];
  /** Told of every request, where somebody wants to know. */
  readonly access?: AccessLog | undefined;
  /** Proxies whose X-Forwarded-For is believed; none unless given. */
  readonly trustedProxies?: readonly Cidr[];
  /** Networks that the interfaces are in at this moment; none unless given. */
  readonly ownNetworks?: () => readonly Cidr[];
  /** What takes over connections that leave HTTP; none unless given. */
  readonly attachPoints?: readonly AttachPoint[];
  /** The console's files; may be missing. */
  readonly consoleFolder: string;
}

/**
 * What every listener serves: API and console over one dispatch, made when the first listener wants it. Limits and
 * shared answers are those of the appliance, by whichever door a request comes.
 */
export class Front {
  readonly counters = { requests: 0, refused: 0, failed: 0 };
  readonly #options: FrontOptions;
  #ownOrigin: OwnOrigin = () => false;
  #serve: Promise<Dispatch> | undefined;

  constructor(options: FrontOptions) {
    this.#options = options;
  }

  /** Rejects when the compiled validators or the console's files cannot be read; may be asked again then. */
  serve(): Promise<Dispatch> {
    this.#serve ??= dispatchFor(this.#options, this.ownOrigin).then(
      (dispatch) => counted(dispatch, this.#options, this.counters),
      (thrown: unknown) => {
        this.#serve = undefined;
        throw thrown;
      },
    );
    return this.#serve;
  }

  /** What an engine refuses by itself is counted and logged as the dispatch's answers are, under an id of its own. */
  readonly onRefused: OnRefused = ({ status, peer, method, target }) => {
    const { clock, random, meter, access } = this.#options;
    const requestId = uuidv7(clock.now(), random);
    const { path } = splitTarget(target);
    count(meter, this.counters, status, millis(0));
    access?.({ method, path: path.slice(0, 256), status, peer, actor: '', requestId, took: millis(0) });
    return requestId;
  };

  readonly ownOrigin: OwnOrigin = (origin) => this.#ownOrigin(origin);

  /** Pages that come from this port may write. A browser in front of a proxy sees the proxy's port. */
  reachedAt(port: number): void {
    const { names, trustedProxies = [], clock } = this.#options;
    this.#ownOrigin = currentOrigins(names, [port, ...(trustedProxies.length > 0 ? [443] : [])], clock);
  }
}

async function dispatchFor(options: FrontOptions, ownOrigin: OwnOrigin): Promise<Dispatch> {
  const { desks, identity, blobs, clock, random, log, audit, trustedProxies = [], attachPoints = [] } = options;
  return createDispatch({
    mounts: mountsOn('main', mountsFor({ ...desks, identity, blobs, clock, log })),
    credentials: {
      token: turnMemory((raw) => identity.token(raw)),
      cookie: (raw, how) => identity.cookie(raw, how),
      watch: (principal, ended) => identity.watch(principal, ended),
    },
    validators: loadValidators(),
    openUpload,
    ownOrigin,
    known: identity.known,
    isNear: nearness(options.ownNetworks ?? (() => [])),
    clock,
    random: pooledRandom(random),
    access: options.access,
    atTurnEnd: setImmediate,
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    finish: finisher(log),
    log,
    audit,
    trustedProxies,
    attach: attachPoints.map(({ path, answer }) => ({ ...path, takesRequests: answer !== undefined })),
    outside: consoleAssets(await readAssets(options.consoleFolder), (request) => csrfOfPage(request, CSM, identity)),
  });
}

/** What is done to every reply: one in pieces is begun, one that is whole and worth it tagged and compressed. */
export const finisher =
  (log: Log): NonNullable<DispatchOptions['finish']> =>
  (request, reply, requestId) =>
    whenThere(begin(reply, request, requestId, log), (begun) => condense(request, begun));

const counted =
  (serve: Dispatch, { clock, meter }: Pick<FrontOptions, 'clock' | 'meter'>, counters: Front['counters']): Dispatch =>
  (request) => {
    const asked = clock.now();
    return whenThere(serve(request), (reply) =>
      told(reply, (status) => count(meter, counters, status, millis(clock.now() - asked))),
    );
  };

function count(meter: HttpMeter, counters: Front['counters'], status: number, took: Millis): void {
  meter.answered(status, took);
  counters.requests++;
  if (status >= 500) counters.failed++;
  else if (status >= 400) counters.refused++;
}
