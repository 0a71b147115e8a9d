import type { Clock } from '../../core/base/ports.ts';
import { ApplianceHost, type ApplianceHostParts } from './appliance-host.ts';
import { hostFile, REQUEST_PLACES, requestFiles } from './effects.ts';
import type { HostRequests } from './port.ts';
import { FileRequests } from './requests.ts';

export { ApplianceHost } from './appliance-host.ts';
export { isAppliance } from './effects.ts';
export { HOST_VERBS, type HostRefusal, type HostRequests, type HostVerb } from './port.ts';

/** What root is asked for on this machine; on one without `bartizan-host.path` every answer is `silent`. */
export const hostRequests = (clock: Pick<Clock, 'after'>): HostRequests =>
  new FileRequests({ clock, files: requestFiles(REQUEST_PLACES) });

/** The machine, by the file in this state directory. */
export const applianceHost = (
  stateDirectory: string,
  parts: Omit<ApplianceHostParts, 'file' | 'requests'>,
): ApplianceHost =>
  new ApplianceHost({ ...parts, file: hostFile(stateDirectory), requests: hostRequests(parts.clock) });
