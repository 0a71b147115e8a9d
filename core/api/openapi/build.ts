import type { Endpoint } from '../endpoint.ts';
import { closing } from '../mount.ts';
import type { JsonSchema } from '../schema.ts';
import { plainSchema } from '../schema.ts';
import type { Surface } from '../surface.ts';
import type { OpenApi, PathItem, Response } from './document.ts';
import { errorResponses } from './errors.ts';
import { operationOf, requestName, responseName } from './operation.ts';
import { securitySchemes } from './security.ts';

/** A table with a word on what it is. */
export interface Described {
  readonly tag: string;
  readonly description: string;
  readonly surface: Surface;
  readonly endpoints: readonly Endpoint<never>[];
}

/** The tables as an OpenAPI 3.1 document. Whatever it says is said by a row, a surface or the kernel, never here. */
export function openApi(tables: readonly Described[], version: string): OpenApi {
  const surfaces = [...new Set(tables.map(({ surface }) => surface))];
  return {
    openapi: '3.1.1',
    info: {
      title: 'Bartizan',
      version,
      description: 'The HTTPS API of a Bartizan appliance.',
      license: { name: 'Apache License 2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: tables.map(({ tag, description }) => ({ name: tag, description })),
    paths: pathsOf(tables),
    components: {
      schemas: Object.fromEntries(tables.flatMap(schemasOf)),
      responses: Object.fromEntries(surfaces.flatMap((surface): [string, Response][] => errorResponses(surface))),
      securitySchemes: Object.fromEntries(surfaces.flatMap(securitySchemes)),
    },
  };
}

function pathsOf(tables: readonly Described[]): Readonly<Record<string, PathItem>> {
  const rows = tables.flatMap(({ tag, surface, endpoints }) =>
    endpoints.map((endpoint) => ({ endpoint, operation: operationOf(endpoint, surface, tag) })),
  );
  const byPath = Map.groupBy(rows, ({ endpoint }) => endpoint.path);
  return Object.fromEntries(
    [...byPath]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, own]) => [
        path,
        Object.fromEntries(own.map(({ endpoint, operation }) => [endpoint.method.toLowerCase(), operation])),
      ]),
  );
}

const schemasOf = ({ surface, endpoints }: Described): readonly (readonly [string, JsonSchema])[] =>
  endpoints.flatMap((endpoint) => [
    [responseName(endpoint), plainSchema(endpoint.response)] as const,
    ...(endpoint.body === undefined
      ? []
      : [[requestName(endpoint), plainSchema(endpoint.body, closing(surface))] as const]),
  ]);
