import { Type } from 'typebox';
import type { Endpoint } from '../../../core/api/endpoint.ts';

/** A row for a test of the kernel: answers 200 to anybody unless changed. */
export const rowWith = (change: Partial<Endpoint<unknown>>): Endpoint<unknown> => ({
  name: 'probe',
  method: 'GET',
  path: '/api/v1/probe',
  scope: 'none',
  summary: '',
  response: Type.Unknown(),
  errors: [],
  handler: async () => ({ ok: true, value: { fine: true } }),
  ...change,
});
