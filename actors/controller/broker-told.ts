import { rm } from 'node:fs/promises';
import type { Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import type { ControllerSettings } from '../../core/controller/settings.ts';
import { readIfThere, writeWhole } from './files.ts';
import type { Place } from './place.ts';

export interface BrokerToldDeps {
  readonly place: Place;
  readonly broker: ControllerSettings['broker'];
  readonly log: Log;
  readonly signal: (pid: number, signal: 'SIGHUP') => unknown;
}

/**
 * Where the broker is on this machine, it gets the revocation list at once, and is told to read it. Only where it has another one:
 * mosquitto that is told to read forgets the delayed wills of those who have just gone. What it could not be told it is told the
 * next time, also by a controller that was started anew.
 * @param isNew the list was written anew
 */
export async function tellBroker({ place, broker, log, signal }: BrokerToldDeps, isNew: boolean): Promise<void> {
  const { revocations: copy, pidFile } = broker;
  try {
    const list = (await readIfThere(place.revocations)) ?? '';
    const isOther = copy === undefined ? isNew : (await readIfThere(copy)) !== list;
    if (!isOther && (await readIfThere(place.untold)) === undefined) return;
    if (pidFile !== undefined) await writeWhole(place.untold, '', 0o600);
    if (copy !== undefined && isOther) await writeWhole(copy, list, 0o644);
    if (pidFile === undefined) return;
    const pid = Number((await readIfThere(pidFile)) ?? '');
    if (!Number.isInteger(pid) || pid < 2) throw new Error(`${pidFile} names no process`);
    signal(pid, 'SIGHUP');
    await rm(place.untold, { force: true });
  } catch (cause) {
    log('error', 'the broker was not told of the revocation list', { cause: messageOf(cause) });
  }
}
