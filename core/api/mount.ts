import type { Endpoint } from './endpoint.ts';
import { propertyNames } from './schema.ts';
import type { Surface } from './surface.ts';
import type { NamedSchema, Validate, Validators } from './validation.ts';

/** A table of endpoints on its surface, with what its handlers work on. */
export interface Mount {
  readonly surface: Surface;
  readonly endpoints: readonly Endpoint<unknown>[];
  readonly deps: unknown;
}

export const mount = <Deps>(surface: Surface, endpoints: readonly Endpoint<Deps>[], deps: Deps): Mount => ({
  surface,
  endpoints,
  deps,
});

/** An endpoint ready to serve. */
export interface Bound {
  readonly surface: Surface;
  readonly endpoint: Endpoint<unknown>;
  readonly deps: unknown;
  readonly query?: { readonly names: ReadonlySet<string>; readonly validate: Validate };
  readonly body?: Validate;
}

export const queryValidator = (endpoint: Endpoint<unknown>): string => `${endpoint.name}Query`;
export const bodyValidator = (endpoint: Endpoint<unknown>): string => `${endpoint.name}Body`;

/** The mounts that a listener serves. @throws when it serves none */
export function mountsOn(listener: string, mounts: readonly Mount[]): readonly [Mount, ...Mount[]] {
  const [first, ...rest] = mounts.filter(({ surface }) => surface.listener === listener);
  if (first === undefined) throw new Error(`no surface is mounted on the listener "${listener}"`);
  return [first, ...rest];
}

/**
 * Binds every endpoint of `mounts` to its compiled schemas.
 * @throws when the build made no such validator, or a row asks for a scope that its surface does not have
 */
export const bind = (mounts: readonly Mount[], validators: Validators): readonly Bound[] =>
  mounts.flatMap(({ surface, endpoints, deps }) =>
    endpoints.map((endpoint) => {
      const { query, body, scope } = endpoint;
      if (scope !== 'none' && !surface.scopes.includes(scope)) {
        throw new Error(`${endpoint.name} asks for the scope ${scope}, which ${surface.name} does not have`);
      }
      return {
        surface,
        endpoint,
        deps,
        ...(query && {
          query: { names: new Set(propertyNames(query)), validate: need(validators, queryValidator(endpoint)) },
        }),
        ...(body && { body: need(validators, bodyValidator(endpoint)) }),
      };
    }),
  );

/** What the build compiles for these endpoints. Unknown parameters never reach a validator, so it need not refuse them. */
export const schemasOf = (surface: Surface, endpoints: readonly Endpoint<never>[]): readonly NamedSchema[] =>
  endpoints.flatMap((endpoint) => [
    ...(endpoint.query
      ? [{ name: queryValidator(endpoint), schema: endpoint.query, unknownField: 'ignore' as const }]
      : []),
    ...(endpoint.body
      ? [{ name: bodyValidator(endpoint), schema: endpoint.body, unknownField: closing(surface) }]
      : []),
  ]);

/** Whether the schemas of its bodies are closed. */
export const closing = ({ unknownBodyField }: Surface): 'refuse' | 'ignore' =>
  typeof unknownBodyField === 'object' ? 'refuse' : 'ignore';

function need(validators: Validators, name: string): Validate {
  const validate = validators(name);
  if (validate === undefined)
    throw new Error(`no compiled schema "${name}": the build step for validators did not run`);
  return validate;
}
