import type { Mode } from '../respond/mode.ts';
import type { Change } from './change.ts';
import type { Config } from './settings.ts';

type ModeSettings = {
  readonly firewall: Pick<Config['firewall'], 'enabled'>;
  readonly auto_response: Pick<Config['auto_response'], 'enabled' | 'dry_run' | 'block_ips'>;
};

/** The mode is no setting of its own: it follows from what may reach the kernel. */
export function modeOf({ firewall, auto_response: auto }: ModeSettings): Mode {
  if (!firewall.enabled) return 'observe';
  return auto.enabled && !auto.dry_run && auto.block_ips ? 'enforce' : 'dry_run';
}

/** The settings that express a mode. For `dry_run` and `observe` the least is said, so that the way back is short. */
export function withMode(mode: Mode): readonly Change[] {
  switch (mode) {
    case 'observe':
      return [{ path: 'firewall.enabled', value: false }];
    case 'dry_run':
      return [
        { path: 'firewall.enabled', value: true },
        { path: 'auto_response.dry_run', value: true },
      ];
    case 'enforce':
      return [
        { path: 'firewall.enabled', value: true },
        { path: 'auto_response.enabled', value: true },
        { path: 'auto_response.dry_run', value: false },
        { path: 'auto_response.block_ips', value: true },
      ];
  }
}
