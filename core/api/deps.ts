import type { Clock } from '../base/ports.ts';
import type { Appliance } from './appliance.ts';
import { endpointsOf } from './endpoint.ts';
import type { Identity } from './identity.ts';

/** What the handlers of the csm and own tables work on. */
export interface ApiDeps {
  readonly appliance: Appliance;
  readonly identity: Identity;
  readonly clock: Pick<Clock, 'now'>;
}

export const endpoint = endpointsOf<ApiDeps>();
