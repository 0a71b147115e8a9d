import { openCredentials } from '../../actors/identity/credentials.ts';
import { sha256 } from '../../actors/identity/effects.ts';
import type { Token } from '../../actors/identity/tokens.ts';
import type { Scope } from '../../core/api/auth.ts';
import type { TokenRequest } from '../../core/api/identity.ts';
import { hours } from '../../core/base/time.ts';
import { MemoryStore } from './memory-store.ts';
import { seededRandom } from './seeded-random.ts';
import { SimulatedClock } from './simulated-clock.ts';

export const SESSION_LIMITS = { idle: hours(12), lifetime: hours(24) };

/** The secret of the configured token with this scope. */
export const rawToken = (scope: Scope): string => `${scope}-token-of-the-config`;

/** A token of the config, named after its scope unless said otherwise. */
export const configured = (scope: Scope, raw = rawToken(scope)): Token => ({
  digest: sha256(raw),
  name: scope,
  scopes: [scope],
  source: 'config',
  expiresAt: 'never',
});

const random = seededRandom();

/** The real Identity over a store in memory, on a simulated clock. `start` opens it anew, as a restart does. */
export function identityBench(...tokens: readonly Token[]) {
  const store = new MemoryStore();
  const clock = new SimulatedClock();
  const logged: string[] = [];
  const log = (_: string, message: string, about?: object) => void logged.push(`${message} ${JSON.stringify(about)}`);
  const start = () => openCredentials({ store, clock, random, log, configured: tokens, sessions: SESSION_LIMITS });
  return { store, clock, logged, start };
}

/** The same with the tokens named, opened, and a hand to make tokens and sessions that cannot fail. */
export async function openBench(...tokens: readonly Token[]) {
  const bench = identityBench(...tokens);
  const { identity, close } = await bench.start();
  const must = <V>(
    result: { readonly ok: true; readonly value: V } | { readonly ok: false; readonly public: string },
  ) => {
    if (!result.ok) throw new Error(result.public);
    return result.value;
  };
  return {
    ...bench,
    identity,
    close,
    make: async (change: Partial<TokenRequest> = {}) =>
      must(await identity.createToken({ name: 'made', scopes: ['read'], expiresAt: 'never', ...change })),
    enter: async (raw: string) => must(await identity.login(raw, '192.0.2.7')),
  };
}
