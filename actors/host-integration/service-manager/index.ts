import type { Log } from '../../../core/base/ports.ts';
import { openDatagrams, ServiceManager } from '../../../native/notify/index.ts';
import { takeEnvironment } from './effects.ts';
import { type LinkDeps, ServiceManagerLink } from './link.ts';

export { ServiceManagerLink } from './link.ts';

/** The link to the service manager that started this process, if one did. To be called once, before anything is spawned. */
export function serviceManagerLink(
  deps: Pick<LinkDeps, 'critical' | 'clock'> & { readonly log: Log },
): ServiceManagerLink {
  const { socket, watchdogMicroseconds } = takeEnvironment();
  const port = socket === undefined ? undefined : openDatagrams();
  if (port !== undefined && !port.ok)
    deps.log('warn', 'the service manager cannot be told anything', { error: port.public });
  const manager = port?.ok === true ? new ServiceManager(port.value, socket) : undefined;
  return new ServiceManagerLink({
    ...deps,
    watchdogMicroseconds,
    tell: (state) => manager?.tell(state) ?? { ok: true, value: undefined },
  });
}
