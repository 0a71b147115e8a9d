import type { Mode } from '../../core/respond/mode.ts';
import type { Firewall } from '../firewall/index.ts';

/** Why the kernel does something else than the mode says; undefined when it does just that. */
export function modeReason(mode: Mode, firewall: Pick<Firewall, 'state' | 'error' | 'remains'>): string | undefined {
  switch (firewall.state()) {
    case 'degraded':
      return `the kernel does not hold all blocks: ${firewall.error() ?? 'unknown'}`;
    case 'residual':
      return firewall.remains();
    case 'lingering':
      return `the table could not be removed and still drops: ${firewall.error() ?? 'unknown'}`;
    case 'off':
      return mode === 'observe' ? undefined : 'the firewall is off';
    case 'syncing':
    case 'removing':
      return 'the kernel is being brought in line';
    case 'enforcing':
      return undefined;
  }
}
