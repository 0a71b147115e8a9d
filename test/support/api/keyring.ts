import type { Scope } from '../../../core/api/auth.ts';
import type { Session } from '../../../core/api/identity.ts';
import { hours, plus } from '../../../core/base/time.ts';
import { configured, openBench, rawToken } from '../identity-bench.ts';
import type { Ask } from './harness.ts';

/** The real Identity, holding every kind of credential in every state that decides what it may do. */
export async function keyring() {
  const bench = await openBench(...(['admin', 'read', 'metrics'] as const).map((scope) => configured(scope)));
  const { identity, clock, make, enter } = bench;
  const admin = (name: string, more = {}) => make({ name, scopes: ['admin'], ...more });
  const brief = await admin('brief', { expiresAt: plus(clock.now(), hours(1)) });
  const ofBrief = await enter(brief.token);
  const idle = await enter(rawToken('admin'));
  clock.advance(hours(13));
  const revoked = await admin('revoked');
  const ofRevoked = await enter(revoked.token);
  await identity.revokeToken(revoked.id);
  const left = await enter(rawToken('admin'));
  await identity.logout(left.principal);
  return {
    ...bench,
    /** What requests are checked against. */
    credentials: identity,
    brief: brief.token,
    revoked: revoked.token,
    made: await admin('made'),
    /** Of another surface: its scope means nothing to CSM. */
    foreign: (await make({ name: 'foreign', scopes: ['second:admin'] })).token,
    both: (await make({ name: 'both', scopes: ['read', 'metrics'] })).token,
    session: await enter(rawToken('admin')),
    readSession: await enter(rawToken('read')),
    over: { ofBrief, idle, ofRevoked, left },
    csrfOf: (raw: string) => identity.cookie(raw)?.csrf ?? '',
  };
}

export type Keyring = Awaited<ReturnType<typeof keyring>>;

/** What a credential is worth, told apart by what decides about it. */
export interface Case {
  readonly name: string;
  readonly ask: (ring: Keyring) => Partial<Ask>;
  readonly scopes: readonly Scope[];
  /** A cookie without its CSRF token: reads only. */
  readonly unproven?: true;
  /** From another page than ours: nothing at all. */
  readonly foreign?: true;
}

const headers = (given: Readonly<Record<string, string>>): Partial<Ask> => ({ headers: given });
const bearer = (token: string, more = {}) => headers({ authorization: `Bearer ${token}`, ...more });
const cookie = (value: string, csrf?: string, more = {}) =>
  headers({
    cookie: `theme=dark; csm_auth=${value}`,
    ...(csrf === undefined ? {} : { 'x-csrf-token': csrf }),
    ...more,
  });
const signedIn = ({ cookie: value, csrf }: Session, more = {}) => cookie(value, csrf, more);

const nobody = (name: string, ask: Case['ask']): Case => ({ name, ask, scopes: [] });
const holder = (name: string, scope: Scope | readonly Scope[], ask: Case['ask']): Case => ({
  name,
  ask,
  scopes: typeof scope === 'string' ? [scope] : scope,
});
const unproven = (one: Case): Case => ({ ...one, unproven: true });
const foreign = (one: Case): Case => ({ ...one, foreign: true });

/** @param own an origin of the appliance */
export const casesFor = (own: string): readonly Case[] => [
  nobody('no credential', () => ({})),
  nobody('wrong bearer', () => bearer('guess')),
  nobody('wrong scheme', () => headers({ authorization: `Basic ${rawToken('admin')}` })),
  nobody('no scheme', () => headers({ authorization: rawToken('admin') })),
  nobody('empty bearer', () => bearer('')),
  nobody('prototype name as bearer', () => bearer('__proto__')),
  nobody('digest of a token as bearer', ({ made }) => bearer(made.id)),
  nobody('wrong cookie', ({ session }) => cookie('guess', session.csrf)),
  nobody('session id as bearer', ({ session }) => bearer(session.cookie)),
  nobody('cookie of another name', ({ session }) => headers({ cookie: `csm_auth2=${session.cookie}` })),
  nobody('where another surface looks', () =>
    headers({ 'x-api-key': rawToken('admin'), 'x-access-token': rawToken('admin') }),
  ),
  holder('token of another surface', 'second:admin', ({ foreign }) => bearer(foreign)),
  holder('token of another surface as cookie', 'second:admin', ({ foreign, csrfOf }) =>
    cookie(foreign, csrfOf(foreign)),
  ),
  nobody('expired token', ({ brief }) => bearer(brief)),
  nobody('expired token as cookie', ({ brief, session }) => cookie(brief, session.csrf)),
  nobody('revoked token', ({ revoked }) => bearer(revoked)),
  nobody('session of an expired token', ({ over }) => signedIn(over.ofBrief)),
  nobody('session of a revoked token', ({ over }) => signedIn(over.ofRevoked)),
  nobody('idle session', ({ over }) => signedIn(over.idle)),
  nobody('session that was left', ({ over }) => signedIn(over.left)),
  holder('metrics token', 'metrics', () => bearer(rawToken('metrics'))),
  holder('read token', 'read', () => bearer(rawToken('read'))),
  holder('token with two scopes', ['read', 'metrics'], ({ both }) => bearer(both)),
  holder('admin token', 'admin', () => bearer(rawToken('admin'))),
  holder('made admin token', 'admin', ({ made }) => bearer(made.token)),
  holder('session', 'admin', ({ session }) => signedIn(session)),
  holder('read session', 'read', ({ readSession }) => signedIn(readSession)),
  unproven(holder('session without CSRF', 'admin', ({ session }) => cookie(session.cookie))),
  unproven(holder('session with an empty CSRF', 'admin', ({ session }) => cookie(session.cookie, ''))),
  unproven(
    holder('session with the CSRF of another', 'admin', ({ session, readSession }) =>
      cookie(session.cookie, readSession.csrf),
    ),
  ),
  holder('raw admin token as cookie', 'admin', ({ csrfOf }) => cookie(rawToken('admin'), csrfOf(rawToken('admin')))),
  holder('raw read token as cookie', 'read', ({ csrfOf }) => cookie(rawToken('read'), csrfOf(rawToken('read')))),
  unproven(holder('raw admin token as cookie without CSRF', 'admin', () => cookie(rawToken('admin')))),
  holder('wrong bearer beside a session', 'admin', ({ session }) => signedIn(session, { authorization: 'Bearer x' })),
  holder('admin token from our page', 'admin', () => bearer(rawToken('admin'), { origin: own })),
  foreign(
    holder('admin token from another page', 'admin', () => bearer(rawToken('admin'), { origin: 'https://x.example' })),
  ),
  foreign(
    holder('session from another page', 'admin', ({ session }) => signedIn(session, { origin: 'https://x.example' })),
  ),
  foreign(holder('session from a null origin', 'admin', ({ session }) => signedIn(session, { origin: 'null' }))),
  holder('root on the local socket', 'admin', () => ({
    principal: { kind: 'local', name: 'root', scopes: ['admin'] },
  })),
];
