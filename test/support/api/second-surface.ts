import { Type } from 'typebox';
import { CSM, type Surface } from '../../../core/api/surface.ts';

/** A made-up surface inside CSM's mount, which differs from it where surfaces can. */
export const SECOND: Surface = {
  ...CSM,
  name: 'second',
  mount: '/api/v1/second/',
  errorBody: ({ message }) => ({ detail: message }),
  errorSchema: () => Type.Object({ detail: Type.String() }),
};
