import type { Clock } from '../base/ports.ts';
import type { Appliance } from './appliance.ts';
import { endpointsOf } from './endpoint.ts';
import type { Identity } from './identity.ts';
import type { Meter } from './metrics/facts.ts';

/** The appliance as the endpoints see it: a narrow port for each thing they ask about. */
export interface Desks {
  readonly appliance: Appliance;
  readonly meter: Meter;
}

/** What the handlers of the csm and own tables work on. */
export interface ApiDeps extends Desks {
  readonly identity: Identity;
  readonly clock: Pick<Clock, 'now'>;
}

export const endpoint = endpointsOf<ApiDeps>();
