import { dirname, join } from 'node:path';
import type { Finding } from '../../core/detect/finding.ts';
import { listFinding } from '../appliance/index.ts';
import type { KernelLists } from '../firewall/index.ts';
import {
  FleetLists,
  type GenerationBook,
  generationFolder,
  ListKeeper,
  type ListTrouble,
  sourceReader,
} from '../lists/index.ts';
import { httpsFetch } from '../outbound/index.ts';
import type { DataPlaneDeps } from './data-plane.ts';

/** In the state directory: the last good generation of each list. */
const GENERATIONS = 'lists';

export interface ListParts {
  readonly book: GenerationBook;
  readonly kernel: KernelLists;
  readonly tell: (finding: Finding) => void;
}

/** In the state directory: lists that the fleet decides. */
const FLEET_LISTS = 'fleet-lists';

export const makeFleetLists = (
  { stateDirectory, foundation, clock, log }: DataPlaneDeps,
  { book, kernel }: Pick<ListParts, 'book' | 'kernel'>,
): FleetLists => {
  const store = generationFolder(join(stateDirectory, FLEET_LISTS));
  return new FleetLists({ book, kernel, store, records: foundation.store.records, clock, log });
};

export const makeLists = (deps: DataPlaneDeps, { book, kernel, tell }: ListParts): ListKeeper =>
  new ListKeeper({
    config: deps.config,
    confirmed: deps.confirmed.lists ?? [],
    book,
    kernel,
    read: sourceReader({ fetch: httpsFetch(), closed: [deps.stateDirectory, dirname(deps.configPath)] }),
    store: generationFolder(join(deps.stateDirectory, GENERATIONS)),
    clock: deps.clock,
    random: deps.random,
    log: deps.log,
    tell: (trouble: ListTrouble) => tell(listFinding(deps.config().hostname, trouble, deps.clock.now())),
    publish: (list) => deps.bus.publish('list', list),
  });
