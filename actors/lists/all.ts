import type { Lists } from '../../core/api/lists.ts';
import { fail } from '../../core/base/result.ts';
import type { FleetLists } from './fleet.ts';

/** The lists of the settings and those of the fleet beside them. Of the latter the controller alone decides. */
export function allLists(settings: Lists, fleet: Pick<FleetLists, 'list' | 'covering'>): Lists {
  const isOfFleet = async (name: string): Promise<boolean> => (await fleet.list()).some((list) => list.name === name);
  const another = (name: string) =>
    fail('not_found', `${name} is a list of the fleet: its controller decides about it`);
  return {
    list: async () => [...(await settings.list()), ...(await fleet.list())],
    refresh: async (name) => ((await isOfFleet(name)) ? another(name) : settings.refresh(name)),
    accept: async (name) => ((await isOfFleet(name)) ? another(name) : settings.accept(name)),
    covering: (ip) => [...settings.covering(ip), ...fleet.covering(ip)],
  };
}
