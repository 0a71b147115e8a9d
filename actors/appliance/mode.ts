import type { Mode } from '../../core/respond/mode.ts';
import type { Firewall } from '../firewall/index.ts';

/** Why nothing, or less than was asked for, is enforced; undefined when the mode is what is done. */
export function modeReason(mode: Mode, firewall: Pick<Firewall, 'state' | 'error'>): string | undefined {
  switch (firewall.state()) {
    case 'degraded':
      return `the kernel does not hold the blocks: ${firewall.error() ?? 'unknown'}`;
    case 'off':
      return mode === 'observe' ? undefined : `the firewall is off: ${firewall.error() ?? 'unknown'}`;
    case 'syncing':
    case 'removing':
      return 'the kernel is being brought in line';
    case 'enforcing':
      return undefined;
  }
}
