import type { Clock, Log } from '../base/ports.ts';
import type { Changes } from '../change/changes.ts';
import type { Finding } from '../detect/finding.ts';
import type { Allows, FirewallTrail } from './allows.ts';
import type { Appliance } from './appliance.ts';
import type { AuditTrail } from './audit.ts';
import type { Blobs } from './blobs.ts';
import type { ControllerLinkDesk } from './controller-link.ts';
import type { Dispositions } from './dispositions.ts';
import { endpointsOf } from './endpoint.ts';
import type { EventSearch } from './event-search.ts';
import type { FirewallCounters } from './firewall-counters.ts';
import type { History } from './history.ts';
import type { Identity } from './identity.ts';
import type { Images } from './image.ts';
import type { Lists } from './lists.ts';
import type { Meter } from './metrics/facts.ts';
import type { Previews } from './previews.ts';
import type { SettingsDesk } from './settings.ts';
import type { Stats } from './stats.ts';
import type { ChangeWatch } from './stream/change-watch.ts';
import type { EventHub } from './stream/hub.ts';
import type { ImageWatch } from './stream/image-watch.ts';
import type { Undo } from './undo.ts';

/** The appliance as the endpoints see it: a narrow port for each thing they ask about. */
export interface Desks {
  readonly appliance: Appliance;
  readonly meter: Meter;
  readonly history: History;
  readonly eventSearch: EventSearch;
  readonly stats: Stats;
  readonly allows: Allows;
  readonly lists: Lists;
  readonly firewallTrail: FirewallTrail;
  readonly firewallCounters: FirewallCounters;
  readonly dispositions: Dispositions;
  readonly auditTrail: AuditTrail;
  readonly settings: SettingsDesk;
  readonly changes: Changes;
  readonly previews: Previews;
  readonly undo: Undo;
  readonly images: Images;
  readonly controllerLink: ControllerLinkDesk;
}

/** What the daemon gives to the tables. */
export interface ApiParts extends Desks {
  readonly identity: Identity;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the handlers of the csm and own tables work on. */
export interface ApiDeps extends ApiParts {
  readonly findingEvents: EventHub<Finding>;
  readonly changeWatch: ChangeWatch;
  readonly imageWatch: ImageWatch;
}

export const endpoint = endpointsOf<ApiDeps>();
