import type { Clock, Log, Random } from '../../core/base/ports.ts';
import type { Result } from '../../core/base/result.ts';
import type { Config } from '../../core/config/settings.ts';
import { nodeEngine } from './node/engine.ts';
import type { HttpEnginePort } from './port.ts';
import { uwsEngine } from './uws/engine.ts';
import { type LoadedUws, loadUws } from './uws/load.ts';

export interface ChosenEngine {
  readonly engine: HttpEnginePort;
  /** Why it is not the one that was wished for. */
  readonly reason?: string;
}

export interface EngineDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The real one unless given. */
  readonly load?: () => Result<LoadedUws, 'unavailable'>;
}

/**
 * uWebSockets.js unless node:https is wished for, and node:https where the other cannot be loaded, even when just that was
 * wished for: an appliance that cannot be reached is worse than a slower one.
 */
export function chooseEngine(wish: Config['webui']['engine'], { load = loadUws, ...deps }: EngineDeps): ChosenEngine {
  const node = nodeEngine(deps);
  if (wish === 'node') return { engine: node };
  const loaded = load();
  if (loaded.ok) return { engine: uwsEngine({ ...deps, ...loaded.value, local: node }) };
  deps.log(wish === 'auto' ? 'info' : 'warn', 'HTTP is served by node:https', { reason: loaded.public });
  return { engine: node, reason: loaded.public };
}
