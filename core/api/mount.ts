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

/** Binds every endpoint of `mounts` to its compiled schemas. @throws when the build made no such validator */
export const bind = (mounts: readonly Mount[], validators: Validators): readonly Bound[] =>
  mounts.flatMap(({ surface, endpoints, deps }) =>
    endpoints.map((endpoint) => {
      const { query, body } = endpoint;
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
      ? [{ name: bodyValidator(endpoint), schema: endpoint.body, unknownField: surface.unknownBodyField }]
      : []),
  ]);

function need(validators: Validators, name: string): Validate {
  const validate = validators(name);
  if (validate === undefined)
    throw new Error(`no compiled schema "${name}": the build step for validators did not run`);
  return validate;
}
