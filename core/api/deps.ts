import type { Clock, Log } from '../base/ports.ts';
import type { Finding } from '../detect/finding.ts';
import type { Appliance } from './appliance.ts';
import type { Blobs } from './blobs.ts';
import { endpointsOf } from './endpoint.ts';
import type { Identity } from './identity.ts';
import type { EventHub } from './stream/hub.ts';

/** What the daemon gives to the tables. */
export interface ApiParts {
  readonly appliance: Appliance;
  readonly identity: Identity;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the handlers of the csm and own tables work on. */
export interface ApiDeps extends ApiParts {
  readonly findingEvents: EventHub<Finding>;
}

export const endpoint = endpointsOf<ApiDeps>();
