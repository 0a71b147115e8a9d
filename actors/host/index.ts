import type { Clock } from '../../core/base/ports.ts';
import { REQUEST_PLACES, requestFiles } from './effects.ts';
import type { HostRequests } from './port.ts';
import { FileRequests } from './requests.ts';

export { HOST_VERBS, type HostRefusal, type HostRequests, type HostVerb } from './port.ts';

/** What root is asked for on this machine; on one without `bartizan-host.path` every answer is `silent`. */
export const hostRequests = (clock: Pick<Clock, 'after'>): HostRequests =>
  new FileRequests({ clock, files: requestFiles(REQUEST_PLACES) });
