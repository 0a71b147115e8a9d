import { type Awaitable, whenThere } from '../base/awaitable.ts';
import { Lanes } from '../base/lanes.ts';
import { type AccessLog, told } from './access.ts';
import { type Arrival, type ArrivalDesk, accessOf, arrive } from './arrival.ts';
import { type AttachPath, attachPathOf, attachTo } from './attach.ts';
import { authenticate, type Credentials, carriersFor, challenge } from './authenticate.ts';
import { proveCsrf } from './csrf.ts';
import { type Breathe, type Method, type RateClass, type Refusal, refuse } from './endpoint.ts';
import type { Dispatch, HttpReply, HttpRequest } from './http.ts';
import { type Bound, bind, type Mount } from './mount.ts';
import type { OwnOrigin } from './origin.ts';
import { type RateLimiter, rateLimiter } from './rate.ts';
import { optionsReply, refusalReply } from './reply.ts';
import { type Match, type Router, router } from './router.ts';
import { internal, type ServeDesk, serve } from './serve.ts';
import { type AtTurnEnd, type Serve, sharing } from './shared.ts';
import { OpenStreams } from './stream/open-streams.ts';
import type { Surface } from './surface.ts';
import { splitTarget } from './target.ts';
import { type KnownPeers, type Throttle, throttle } from './throttle.ts';
import type { Validators } from './validation.ts';

export interface DispatchOptions
  extends Omit<ServeDesk, 'lanes' | 'breathe'>,
    Pick<ArrivalDesk, 'random' | 'trustedProxies'> {
  /** At least one; the first answers for paths that are nobody's. */
  readonly mounts: readonly [Mount, ...Mount[]];
  readonly credentials: Credentials;
  readonly validators: Validators;
  readonly ownOrigin: OwnOrigin;
  readonly known: KnownPeers;
  /** Whether an address is of the networks around the appliance. */
  readonly isNear: (peer: string) => boolean;
  /** Where connections are handed over; nowhere unless given. */
  readonly attach?: readonly AttachPath[];
  /** The last thing done to every reply, before its request's id is put on it. Neither throws nor rejects. */
  readonly finish?: (request: HttpRequest, reply: HttpReply, requestId: string) => Awaitable<HttpReply>;
  /** Told of every request, where somebody wants to know. */
  readonly access?: AccessLog | undefined;
  /** Without it nothing is shared between requests. */
  readonly atTurnEnd?: AtTurnEnd;
  /** Without it nothing else has a turn while an answer is made. */
  readonly breathe?: Breathe;
  /** Serves what no surface owns, e.g. the console; `undefined` is a 404. */
  readonly outside?: (request: HttpRequest, path: string) => HttpReply | undefined;
}

type Desk = DispatchOptions & ServeDesk;

/** Large answers that are made at a time. */
const HEAVY_AT_ONCE = 2;

/** What is counted for a dialect. */
interface Room {
  readonly limiters: Readonly<Record<RateClass, RateLimiter>>;
  readonly streams: OpenStreams;
}

/** A surface with what is counted for it. */
interface Floor extends Room {
  readonly surface: Surface;
  readonly serve: Serve;
  /** One for all surfaces: who guesses here has guessed there. */
  readonly tries: Throttle;
}

interface Exchange extends Arrival {
  readonly path: string;
  readonly search: string;
  readonly attached: AttachPath | undefined;
  readonly match: Match | undefined;
  readonly floor: Floor;
}

/**
 * Serves the tables, and what is attached beside them. Gates in order: own path? → Origin → OPTIONS → rate → 404 →
 * authentication → 405 → CSRF → query → body → handler → audit → reply. Nothing of the body is read before the caller is
 * known to be allowed.
 * @throws when a table is at odds with itself or with the compiled schemas
 */
export function createDispatch(options: DispatchOptions): Dispatch {
  const find = router(bind(options.mounts, options.validators));
  const { clock, log, known, isNear, access } = options;
  const tries = throttle({ clock, log, known, isNear });
  const owners = [...options.mounts, ...(options.attach ?? [])];
  const surfaces = [...new Set(owners.map(({ surface }) => surface))].sort(longestMountFirst);
  const { finish = (_, reply) => reply, breathe = () => Promise.resolve() } = options;
  const desk: Desk = { ...options, breathe, lanes: new Lanes(HEAVY_AT_ONCE) };
  const serveShared = sharing(serve, options.atTurnEnd);
  const rooms = new Map<string, Room>();
  const floors = surfaces.map((surface): Floor => {
    const room = rooms.get(surface.name) ?? roomOf(surface, options);
    rooms.set(surface.name, room);
    return { surface, tries, serve: serveShared, ...room };
  });
  return (request) => {
    const arrival = arrive(options, request);
    const { requestId } = arrival;
    return whenThere(reach(desk, floors, find, arrival), (reply) =>
      whenThere(finish(request, reply, requestId), (done) => {
        const named = { ...done, requestId };
        return access === undefined ? named : told(named, (status) => access(accessOf(arrival, status, clock.now())));
      }),
    );
  };
}

/** Of two surfaces whose mounts hold a path, it is that of the narrower one. */
const longestMountFirst = (a: Surface, b: Surface): number => b.mount.length - a.mount.length;

/** A trailing slash makes no difference here either. */
const isBelow = (mount: string, path: string): boolean => path.startsWith(mount) || `${path}/` === mount;

const roomOf = ({ rates, limits }: Surface, { clock }: DispatchOptions): Room => ({
  limiters: { normal: rateLimiter(rates.normal, clock), login: rateLimiter(rates.login, clock) },
  streams: new OpenStreams(limits, clock),
});

/** Finds whose path it is and answers in that surface's words, whatever happens. */
function reach(options: Desk, floors: readonly Floor[], find: Router, arrival: Arrival): Awaitable<HttpReply> {
  const { request, requestId } = arrival;
  const { path, search } = splitTarget(request.target);
  const attached = attachPathOf(options.attach ?? [], request, path);
  const match = attached === undefined ? find(path) : undefined;
  const own = attached?.surface ?? match?.route.first.surface;
  const owner = floors.find(({ surface }) => (own === undefined ? isBelow(surface.mount, path) : surface === own));
  const surface = owner?.surface ?? options.mounts[0].surface;
  const worded = (reply: HttpReply | Refusal) => ('ok' in reply ? refusalReply(surface, reply, requestId) : reply);
  const broken = (thrown: unknown) => {
    options.log('error', 'request failed', { path: path.slice(0, 128), requestId, cause: thrown });
    return refusalReply(surface, internal(requestId), requestId);
  };
  try {
    const reply =
      owner === undefined
        ? (options.outside?.(request, path) ?? refuse('not_found', 'Not found'))
        : answer(options, { ...arrival, path, search, attached, match, floor: owner });
    return reply instanceof Promise ? reply.then(worded).catch(broken) : worded(reply);
  } catch (thrown) {
    return broken(thrown);
  }
}

function answer(options: Desk, exchange: Exchange): Awaitable<HttpReply | Refusal> {
  const { request, caller, attached, match, floor } = exchange;
  const { peer } = caller;
  const foreign = originRefusal(options, request, peer);
  if (foreign !== undefined) return foreign;
  if (request.method === 'OPTIONS') return optionsReply(match?.route.allow ?? 'OPTIONS');
  const bound = match?.route.methods.get((request.method === 'HEAD' ? 'GET' : request.method) as Method);
  const limited = request.principal === undefined ? rateRefusal(floor, bound, peer) : undefined;
  if (limited !== undefined) return limited;
  if (attached !== undefined) return attachTo(attached, request, caller, options.credentials);
  return match === undefined ? refuse('not_found', 'Not found') : admit(options, exchange, match, bound);
}

function admit(
  options: Desk,
  { request, caller, requestId, search, floor }: Exchange,
  { route, params }: Match,
  bound: Bound | undefined,
): Awaitable<HttpReply | Refusal> {
  const { surface, streams, tries } = floor;
  const { peer } = caller;
  const { endpoint } = bound ?? route.first;
  const credential = authenticate(request, carriersFor(surface, endpoint), endpoint.scope, options.credentials);
  if (credential === undefined) return { ...refuse('unauthorized', 'Unauthorized'), headers: challenge(surface) };
  caller.actor = credential.principal.name;
  if (bound === undefined) {
    return { ...refuse('method_not_allowed', 'Method not allowed'), headers: { allow: route.allow } };
  }
  return whenThere(proveCsrf(request, bound.endpoint, credential, surface), (proven) =>
    proven.ok
      ? floor.serve(options, {
          bound,
          request,
          peer,
          connection: caller.connection,
          body: proven.body,
          requestId,
          search,
          params,
          credential,
          streams,
          tries,
        })
      : proven,
  );
}

/** A browser names the page a request comes from; only our own may ask. Other clients send no Origin. */
function originRefusal({ ownOrigin, log }: DispatchOptions, request: HttpRequest, peer: string): Refusal | undefined {
  const origin = request.header('origin');
  if (origin === undefined || request.principal !== undefined || ownOrigin(origin)) return undefined;
  log('debug', 'request from a foreign origin refused', { origin: origin.slice(0, 128), peer });
  return refuse('forbidden', 'Origin not allowed: open the appliance under a name or address it is configured with');
}

function rateRefusal({ limiters }: Floor, bound: Bound | undefined, peer: string): Refusal | undefined {
  const wait = limiters[bound?.endpoint.rate ?? 'normal'].take(peer);
  return wait === 0
    ? undefined
    : { ...refuse('rate_limited', 'Rate limit exceeded'), headers: { 'retry-after': String(wait) } };
}
