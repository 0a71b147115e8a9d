import { fail } from '../../core/base/result.ts';
import type { Changes } from '../../core/change/changes.ts';

const NONE = 'nothing can be tried on this appliance';

/** Nothing is ever on trial. */
export const NO_CHANGES: Changes = {
  pending: () => undefined,
  list: async () => [],
  get: async () => undefined,
  propose: async () => fail('failed', NONE),
  confirm: async () => fail('none', NONE),
  revert: async () => fail('none', NONE),
  onChange: () => () => {},
};
