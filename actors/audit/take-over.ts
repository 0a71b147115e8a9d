import type { AuditRecord } from '../../core/api/audit.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import type { AuditLog } from './index.ts';

/**
 * Where another device signed the log until now, says so in the log itself, with this device's signature: the next start
 * finds its own. Resolves whatever becomes of it.
 */
export async function takeOver(audit: Pick<AuditLog, 'troubles' | 'append'>, clock: Clock, log: Log): Promise<void> {
  const found = audit.troubles.find(({ code }) => code === 'other_device');
  if (found === undefined) return;
  const record: AuditRecord = {
    at: clock.now(),
    action: 'device_replaced',
    target: '',
    details: { message: found.message },
    actor: '',
    principalKind: 'local',
    peer: 'local',
    requestId: '',
    status: 200,
  };
  const kept = await audit.append(record);
  if (!kept.ok) log('error', 'the audit log does not say that the device is another one', { reason: kept.public });
}
