import type { Dispositions } from '../../core/api/dispositions.ts';
import type { Dismissals } from './dismissals.ts';
import type { Suppressions } from './suppressions.ts';

/** What operators said of findings, from the two places that keep it. */
export const dispositionsOf = (suppressions: Suppressions, dismissals: Dismissals): Dispositions => ({
  suppressions: () => suppressions.list(),
  suppress: (request) => suppressions.add(request),
  unsuppress: (id) => suppressions.remove(id),
  dismiss: (key, actor) => dismissals.dismiss(key, actor),
});
