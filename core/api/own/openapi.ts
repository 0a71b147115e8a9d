import { Type } from 'typebox';
import type { ApiDeps } from '../deps.ts';
import { endpoint } from '../deps.ts';
import type { Endpoint } from '../endpoint.ts';
import { type Described, openApi } from '../openapi/build.ts';
import { apiPage, PAGE_POLICY } from '../openapi/page.ts';

/** The rows that describe all rows, themselves too: hence the tables as a function. */
export const documentation = (tables: () => readonly Described[]): readonly Endpoint<ApiDeps>[] => [
  endpoint({
    name: 'openapi',
    method: 'GET',
    path: '/api/v1/openapi.json',
    scope: 'read',
    summary: 'This API as an OpenAPI 3.1 document',
    response: Type.Record(Type.String(), Type.Unknown()),
    errors: [],
    handler: async ({ deps }) => ({
      ok: true,
      value: { ...openApi(tables(), (await deps.appliance.facts()).version) },
    }),
  }),
  endpoint({
    name: 'docs',
    method: 'GET',
    path: '/docs',
    scope: 'read',
    summary: 'This API as a page to read',
    response: Type.String(),
    transport: 'text',
    contentType: 'text/html; charset=utf-8',
    errors: [],
    handler: async ({ deps }) => ({
      ok: true,
      value: apiPage(openApi(tables(), (await deps.appliance.facts()).version)),
      headers: { 'content-security-policy': PAGE_POLICY },
    }),
  }),
];
