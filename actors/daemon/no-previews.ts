import type { Previews } from '../../core/api/previews.ts';
import { fail } from '../../core/base/result.ts';

/** Nothing can be tried, so there is nothing to look ahead at. */
export const NO_PREVIEWS: Previews = {
  preview: async () => fail('failed', 'nothing can be tried on this appliance'),
};
