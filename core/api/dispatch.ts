import { type Awaitable, whenThere } from '../base/awaitable.ts';
import { type AccessLog, told } from './access.ts';
import { type Arrival, type ArrivalDesk, accessOf, arrive } from './arrival.ts';
import { type AttachPath, attachPathOf, attachTo } from './attach.ts';
import { authenticate, type Credentials, challenge } from './authenticate.ts';
import { proveCsrf } from './csrf.ts';
import { type Method, type RateClass, type Refusal, refuse } from './endpoint.ts';
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
import { type Throttle, throttle } from './throttle.ts';
import type { Validators } from './validation.ts';

export interface DispatchOptions extends ServeDesk, Pick<ArrivalDesk, 'random' | 'trustedProxies'> {
  /** At least one; the first answers for paths that are nobody's. */
  readonly mounts: readonly [Mount, ...Mount[]];
  readonly credentials: Credentials;
  readonly validators: Validators;
  readonly ownOrigin: OwnOrigin;
  /** Where connections are handed over; nowhere unless given. */
  readonly attach?: readonly AttachPath[];
  /** The last thing done to every reply, before its request's id is put on it. Neither throws nor rejects. */
  readonly finish?: (request: HttpRequest, reply: HttpReply, requestId: string) => Awaitable<HttpReply>;
  /** Told of every request, where somebody wants to know. */
  readonly access?: AccessLog | undefined;
  /** Without it nothing is shared between requests. */
  readonly atTurnEnd?: AtTurnEnd;
  /** Serves what no surface owns, e.g. the console; `undefined` is a 404. */
  readonly outside?: (request: HttpRequest, path: string) => HttpReply | undefined;
}

/** A surface with what it counts. */
interface Floor {
  readonly surface: Surface;
  readonly limiters: Readonly<Record<RateClass, RateLimiter>>;
  readonly streams: OpenStreams;
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
  const tries = throttle(options.clock, options.log);
  const surfaces = [...new Set([...options.mounts, ...(options.attach ?? [])].map(({ surface }) => surface))];
  const { finish = (_, reply) => reply } = options;
  const serveShared = sharing(serve, options.atTurnEnd);
  const floors = surfaces.map((surface) => floorOf(surface, tries, options, serveShared));
  return (request) => {
    const arrival = arrive(options, request);
    const { requestId } = arrival;
    const tell = (status: number) => options.access?.(accessOf(arrival, status, options.clock.now()));
    return whenThere(reach(options, floors, find, arrival), (reply) =>
      whenThere(finish(request, reply, requestId), (done) => told({ ...done, requestId }, tell)),
    );
  };
}

const floorOf = (surface: Surface, tries: Throttle, { clock }: DispatchOptions, serveShared: Serve): Floor => ({
  surface,
  tries,
  limiters: { normal: rateLimiter(surface.rates.normal, clock), login: rateLimiter(surface.rates.login, clock) },
  streams: new OpenStreams(surface.limits, clock),
  serve: serveShared,
});

/** Finds whose path it is and answers in that surface's words, whatever happens. */
function reach(
  options: DispatchOptions,
  floors: readonly Floor[],
  find: Router,
  arrival: Arrival,
): Awaitable<HttpReply> {
  const { request, requestId } = arrival;
  const { path, search } = splitTarget(request.target);
  const attached = attachPathOf(options.attach ?? [], request, path);
  const match = attached === undefined ? find(path) : undefined;
  const own = attached?.surface ?? match?.route.first.surface;
  const owner = floors.find(({ surface }) => (own === undefined ? path.startsWith(surface.mount) : surface === own));
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

function answer(options: DispatchOptions, exchange: Exchange): Awaitable<HttpReply | Refusal> {
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
  options: DispatchOptions,
  { request, caller, requestId, search, floor }: Exchange,
  { route, params }: Match,
  bound: Bound | undefined,
): Awaitable<HttpReply | Refusal> {
  const { surface, streams, tries } = floor;
  const { peer } = caller;
  const { scope } = (bound ?? route.first).endpoint;
  const credential = authenticate(request, surface, scope, options.credentials);
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
