import { messageOf } from '../../core/base/result.ts';
import type { Finding } from '../../core/detect/finding.ts';
import { auditFinding, damageFinding, deviceFinding } from '../appliance/index.ts';
import { takeOver } from '../audit/index.ts';
import { systemClock } from '../clock/index.ts';
import type { DaemonParts } from './daemon.ts';
import type { DataPlane } from './data-plane.ts';

/** What the store found damaged at its opening, and what it loses from now on, is shown where attacks are shown. */
export function tellDamage(
  { log, foundation, opened }: Pick<DaemonParts, 'log' | 'foundation' | 'opened'>,
  { recorder }: Pick<DataPlane, 'recorder'>,
): void {
  const { hostname } = opened.file.loaded.config;
  const tell = (finding: Finding): void => {
    recorder.record([finding]).catch((cause: unknown) => {
      log('error', 'damage could not be recorded', { message: finding.message, error: messageOf(cause) });
    });
  };
  const { device, damage, audit } = foundation;
  for (const trouble of audit.troubles) tell(auditFinding(hostname, trouble, systemClock.now()));
  void takeOver(audit, systemClock, log);
  if (!device.ok) tell(deviceFinding(hostname, device.public, systemClock.now()));
  damage.open(({ message }) => tell(damageFinding(hostname, message, systemClock.now())));
}
