import { systemClock, systemRandom } from '../../actors/clock/index.ts';
import { loadValidators } from '../../actors/http/effects.ts';
import { finisher } from '../../actors/http/index.ts';
import { openUpload } from '../../actors/http/multipart.ts';
import { pooledRandom } from '../../actors/http/pooled-random.ts';
import { turnMemory } from '../../actors/http/turn-memory.ts';
import { openCredentials } from '../../actors/identity/credentials.ts';
import { sha256 } from '../../actors/identity/effects.ts';
import { MemoryStore } from '../../actors/store/index.ts';
import type { ApplianceFacts } from '../../core/api/appliance.ts';
import { createDispatch } from '../../core/api/dispatch.ts';
import type { Dispatch, HttpReply, HttpRequest } from '../../core/api/http.ts';
import type { Identity } from '../../core/api/identity.ts';
import { CSM, type Surface } from '../../core/api/surface.ts';
import { mountsFor } from '../../core/api/tables.ts';
import { ok } from '../../core/base/result.ts';
import { hours } from '../../core/base/time.ts';
import { FACTS, FakeAppliance, START } from '../support/api/fake-appliance.ts';
import { FakeBlobs } from '../support/api/fake-blobs.ts';
import { FakeDesks } from '../support/api/fake-desks.ts';

export const STATUS_PATH = '/api/v1/status';
export const TOKEN = 'bench-token-0123456789abcdef0123456789abcdef';

/** No limit that a bench could meet. */
const UNLIMITED: Surface['rates'] = {
  normal: { burst: 1e9, perMinute: 60_000 },
  login: { burst: 1e9, perMinute: 60_000 },
};

/** The parts of an appliance that follows a few logs. */
const factsOf = (engine: string): ApplianceFacts => ({
  ...FACTS,
  http: { engine },
  components: ['firewall', 'pipeline', 'http', 'store', 'file:/var/log/auth.log', 'file:/var/log/nginx/access.log'].map(
    (name) => ({ name, state: 'ok', since: START, counters: { events: 123_456, bytes: 7_890_123, dropped: 0 } }),
  ),
});

export interface ApiOptions {
  readonly appliance?: FakeAppliance;
  /** Whether requests of one turn share an answer, as in the product. */
  readonly isShared?: boolean;
}

/** The real Identity with one token, over a store in memory. */
async function identityOf(): Promise<Identity> {
  const { identity } = await openCredentials({
    store: new MemoryStore(),
    clock: systemClock,
    random: systemRandom,
    log: () => {},
    configured: [
      { digest: sha256(TOKEN), name: 'bench', scopes: ['read', 'admin'], source: 'config', expiresAt: 'never' },
    ],
    sessions: { idle: hours(12), lifetime: hours(24) },
  });
  return identity;
}

/** The product's dispatch over every endpoint, with its Identity; what it reports on stands still and nothing is limited. */
export async function apiDispatch(
  engine: string,
  { appliance = new FakeAppliance(), isShared = true }: ApiOptions = {},
): Promise<Dispatch> {
  appliance.facts_ = factsOf(engine);
  const identity = await identityOf();
  const surfaces = new Map<Surface, Surface>();
  const unlimited = (surface: Surface): Surface => {
    const known = surfaces.get(surface) ?? {
      ...surface,
      rates: UNLIMITED,
      limits: { ...surface.limits, streamsOfOne: surface.limits.streams },
    };
    surfaces.set(surface, known);
    return known;
  };
  const [first, ...rest] = mountsFor({
    ...new FakeDesks(appliance),
    identity,
    blobs: new FakeBlobs(),
    clock: systemClock,
    log: () => {},
  }).map((mount) => ({
    ...mount,
    surface: unlimited(mount.surface),
  }));
  return createDispatch({
    mounts: [first ?? { surface: CSM, endpoints: [], deps: undefined }, ...rest],
    credentials: {
      token: turnMemory((raw) => identity.token(raw)),
      cookie: (raw, look) => identity.cookie(raw, look),
      watch: (principal, ended) => identity.watch(principal, ended),
    },
    validators: loadValidators(),
    openUpload,
    ownOrigin: () => false,
    known: identity.known,
    isNear: () => false,
    clock: systemClock,
    random: pooledRandom(systemRandom),
    ...(isShared ? { atTurnEnd: setImmediate } : {}),
    finish: finisher(() => {}),
    log: () => {},
    audit: async () => {},
  });
}

/** What the dispatch answers to the bench's request. */
export async function replyOf(engine: string): Promise<HttpReply & { readonly body: Uint8Array }> {
  const serve = await apiDispatch(engine);
  const request: HttpRequest = {
    method: 'GET',
    target: STATUS_PATH,
    header: (name) => (name === 'authorization' ? `Bearer ${TOKEN}` : undefined),
    peer: '127.0.0.1',
    body: async () => ok(new Uint8Array()),
    pieces: () => ({ next: async () => ok(undefined) }),
    signal: new AbortController().signal,
  };
  const reply = await serve(request);
  if (reply.status !== 200 || typeof reply.body === 'string') throw new Error(`the API answers ${reply.status}`);
  return { ...reply, body: reply.body };
}
