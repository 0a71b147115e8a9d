import { ANONYMOUS, mayDo, type Principal, type Scope } from './auth.ts';
import { readCookie } from './cookie.ts';
import type { Endpoint } from './endpoint.ts';
import type { RequestHead } from './http.ts';
import type { Identity } from './identity.ts';
import type { Carrier, Surface } from './surface.ts';

/** Longer credentials are not looked at. */
const MAX_CREDENTIAL = 512;

/** Who asks, and how that was proven: by the listener, at a place in the request, or not at all. */
export interface Credential {
  readonly principal: Principal;
  readonly carrier: Carrier | 'listener' | 'none';
  /** Whether it would still be let in; asking is no use of it. */
  readonly isGood: () => boolean;
}

/** Where credentials are looked up. */
export type Credentials = Pick<Identity, 'token' | 'cookie' | 'watch'>;

/**
 * The first of the request's credentials that may do this. One that may not is passed over, so a read bearer beside an
 * admin cookie leaves the write to the cookie, and with it to the CSRF check.
 * @returns `undefined` when none may
 */
export function authenticate(
  request: RequestHead,
  { carriers }: Pick<Surface, 'carriers'>,
  scope: Scope | 'none',
  credentials: Credentials,
): Credential | undefined {
  const { principal: proven } = request;
  if (proven !== undefined)
    return mayDo(proven, scope) ? { principal: proven, carrier: 'listener', isGood } : undefined;
  for (const carrier of carriers) {
    const raw = rawCredential(request, carrier);
    if (raw === undefined || raw === '' || raw.length > MAX_CREDENTIAL) continue;
    const look = (how: 'use' | 'glance'): Principal | undefined => {
      const found = carrier.kind === 'cookie' ? credentials.cookie(raw, how) : credentials.token(raw);
      return found !== undefined && mayDo(found, scope) ? found : undefined;
    };
    const principal = look('use');
    if (principal !== undefined) return { principal, carrier, isGood: () => look('glance') !== undefined };
  }
  return scope === 'none' ? { principal: ANONYMOUS, carrier: 'none', isGood } : undefined;
}

/** Where this endpoint looks for credentials, in its order. */
export const carriersFor = (
  surface: Pick<Surface, 'carriers'>,
  { cookieFirst }: Pick<Endpoint<never>, 'cookieFirst'>,
): Pick<Surface, 'carriers'> =>
  cookieFirst === true ? { carriers: surface.carriers.toSorted((a, b) => rankOf(a) - rankOf(b)) } : surface;

const rankOf = ({ kind }: Carrier): number => (kind === 'cookie' ? 0 : 1);

/** What was proven otherwise, or not at all, does not end. */
const isGood = (): boolean => true;

function rawCredential(request: RequestHead, carrier: Carrier): string | undefined {
  if (carrier.kind === 'cookie') return readCookie(request.header('cookie'), carrier.cookie);
  const value = request.header(carrier.header);
  if (carrier.scheme === undefined || value === undefined) return value;
  const blank = value.indexOf(' ');
  if (value.slice(0, blank).toLowerCase() !== carrier.scheme.toLowerCase()) return undefined;
  const credential = value.slice(blank).trimStart();
  return credential.includes(' ') ? undefined : credential;
}

/** What a 401 says of where a credential is looked for, as RFC 9110 wants it. */
export function challenge({ carriers }: Surface): Readonly<Record<string, string>> {
  const scheme = carriers.find((carrier) => carrier.kind === 'header')?.scheme;
  return scheme === undefined ? {} : { 'www-authenticate': `${scheme} realm="bartizan"` };
}
