import { type Endpoint, isWrite } from '../endpoint.ts';
import type { Carrier, Surface } from '../surface.ts';
import type { Operation, SecurityScheme } from './document.ts';

const schemeName = (surface: Surface, carrier: Carrier): string =>
  `${surface.name}.${carrier.kind === 'header' ? carrier.header : carrier.cookie}`;

const csrfName = (surface: Surface): string => `${surface.name}.csrf`;

/** Where a surface looks for credentials, and for the CSRF token of a write by cookie. */
export const securitySchemes = (surface: Surface): readonly (readonly [string, SecurityScheme])[] =>
  surface.carriers.flatMap((carrier) => [
    [schemeName(surface, carrier), schemeOf(carrier)] as const,
    ...(carrier.kind === 'cookie' ? [[csrfName(surface), csrfScheme(carrier.csrfHeader)] as const] : []),
  ]);

function schemeOf(carrier: Carrier): SecurityScheme {
  if (carrier.kind === 'cookie') {
    return { type: 'apiKey', in: 'cookie', name: carrier.cookie, description: 'A session, or the token itself' };
  }
  return carrier.scheme === undefined
    ? { type: 'apiKey', in: 'header', name: carrier.header, description: 'The credential and no more' }
    : { type: 'http', scheme: carrier.scheme.toLowerCase(), description: 'A token' };
}

const csrfScheme = (name: string): SecurityScheme => ({
  type: 'apiKey',
  in: 'header',
  name,
  description: 'The CSRF token of the session: every write by cookie carries it',
});

/** Any credential of the surface; a cookie brings its CSRF token along when it writes. */
export function securityOf({ scope, method, csrf }: Endpoint<never>, surface: Surface): Operation['security'] {
  if (scope === 'none') return [];
  return surface.carriers.map((carrier) => {
    const proven = carrier.kind === 'cookie' && isWrite(method) && csrf !== false;
    return { [schemeName(surface, carrier)]: [scope], ...(proven ? { [csrfName(surface)]: [] } : {}) };
  });
}
