import { Type } from 'typebox';
import type { Endpoint } from '../../../core/api/endpoint.ts';
import type { NumberPaging } from '../../../core/api/paging.ts';
import { CSM, type Surface } from '../../../core/api/surface.ts';
import { rowWith } from './rows.ts';

export const SECOND_PAGING = {
  style: 'number',
  limit: 'limit',
  offset: 'skip',
  standard: 10,
  most: 100,
  bad: 'refuse',
} as const satisfies NumberPaging;

/** A made-up surface inside CSM's mount, which differs from it wherever surfaces can. */
export const SECOND: Surface = {
  ...CSM,
  name: 'second',
  listener: 'side',
  mount: '/api/v1/second/',
  scopes: ['second:read', 'second:admin'],
  carriers: [
    { kind: 'header', header: 'authorization', scheme: 'Bearer' },
    { kind: 'header', header: 'x-api-key' },
  ],
  errorBody: ({ message }) => ({ detail: message }),
  errorSchema: () => Type.Object({ detail: Type.String() }),
  paging: SECOND_PAGING,
  invalidInput: 'invalid',
  unknownBodyField: { refuse: 'invalid' },
};

/** A read and a write of it. */
export const SECOND_ENDPOINTS: readonly Endpoint<unknown>[] = [
  rowWith({ name: 'things', path: '/api/v1/second/things', scope: 'second:read' }),
  rowWith({
    name: 'makeThing',
    method: 'POST',
    path: '/api/v1/second/things',
    scope: 'second:admin',
    body: Type.Object({ name: Type.String(), more: Type.Optional(Type.Object({ size: Type.Integer() })) }),
    handler: async ({ body }) => ({ ok: true, value: { got: body } }),
  }),
];
