import { systemClock, systemRandom } from '../../actors/clock/index.ts';
import { loadValidators } from '../../actors/http/effects.ts';
import { finisher } from '../../actors/http/index.ts';
import { openUpload } from '../../actors/http/multipart.ts';
import { pooledRandom } from '../../actors/http/pooled-random.ts';
import { turnMemory } from '../../actors/http/turn-memory.ts';
import { sha256 } from '../../actors/identity/effects.ts';
import { principalOf, Tokens } from '../../actors/identity/tokens.ts';
import type { ApplianceFacts } from '../../core/api/appliance.ts';
import { createDispatch } from '../../core/api/dispatch.ts';
import type { Dispatch, HttpReply, HttpRequest } from '../../core/api/http.ts';
import { CSM, type Surface } from '../../core/api/surface.ts';
import { mountsFor } from '../../core/api/tables.ts';
import { ok } from '../../core/base/result.ts';
import { FACTS, FakeAppliance, START } from '../support/api/fake-appliance.ts';
import { FakeBlobs } from '../support/api/fake-blobs.ts';
import { FakeDesks } from '../support/api/fake-desks.ts';
import { FakeIdentity } from '../support/api/fake-identity.ts';

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

/** The product's dispatch over every endpoint, with its tokens; what it reports on stands still and nothing is limited. */
export async function apiDispatch(engine: string, appliance = new FakeAppliance()): Promise<Dispatch> {
  appliance.facts_ = factsOf(engine);
  const tokens = new Tokens('bench');
  tokens.add({ digest: sha256(TOKEN), name: 'bench', scopes: ['read'], source: 'config', expiresAt: 'never' });
  const identity = new FakeIdentity();
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
      token: turnMemory((raw) => {
        const token = tokens.find(raw, systemClock.now());
        return token && principalOf(token, { kind: 'token', id: token.id });
      }),
      cookie: () => undefined,
      watch: () => () => {},
    },
    validators: loadValidators(),
    openUpload,
    ownOrigin: () => false,
    known: identity.known,
    isNear: () => false,
    clock: systemClock,
    random: pooledRandom(systemRandom),
    atTurnEnd: setImmediate,
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
