import { systemClock } from '../clock/index.ts';
import type { OrdersDesk } from '../controller-link/index.ts';
import { contentOf } from '../firewall/index.ts';
import type { RunningSettings } from '../settings/index.ts';
import type { DaemonParts } from './daemon.ts';
import type { DataPlane } from './data-plane.ts';
import { desiredDesk } from './desired-desk.ts';
import { type OrdersDeskParts, ordersDesk } from './orders-desk.ts';

export interface OrdersWiring
  extends Pick<DaemonParts, 'opened' | 'foundation' | 'log'>,
    Pick<OrdersDeskParts, 'appliance' | 'changes' | 'logSince' | 'restart'> {
  readonly plane: DataPlane;
  readonly settings: RunningSettings;
}

/** What orders of a controller do, with everything that they reach. */
export function deskOf(wiring: OrdersWiring): OrdersDesk {
  const { opened, foundation, plane, settings, ...parts } = wiring;
  const { allows, fleetLists, firewall, lists } = plane;
  const config = () => opened.file.loaded.config;
  return ordersDesk({
    ...parts,
    allows,
    desired: desiredDesk(settings, config),
    lists: fleetLists,
    config,
    ruleset: () => firewall.rulesetText(contentOf(config())),
    scans: scansOf({ firewall, lists }),
    audit: foundation.audit.sink,
    clock: systemClock,
  });
}

/** What a controller can have looked at anew. */
export const scansOf = ({ firewall, lists }: Pick<DataPlane, 'firewall' | 'lists'>): OrdersDeskParts['scans'] => ({
  firewall: async () => {
    firewall.drifted();
    const loaded = await firewall.lists.changed();
    return loaded.ok ? firewall.state() : loaded.public;
  },
  lists: async () => {
    const all = await lists.list();
    const asked = await Promise.all(all.map(({ name }) => lists.refresh(name)));
    return `${asked.filter(({ ok }) => ok).length} of ${all.length} read`;
  },
});
