import { minutes, seconds } from '../../core/base/time.ts';
import { type Service, type Supervisor, supervise } from '../supervisor/index.ts';
import type { DataPlane } from './data-plane.ts';
import type { Foundation } from './foundation.ts';

/** Crashes within a minute that a group answers with restarts. */
const PATIENCE = { crashes: 5, within: minutes(1) };
/** A port that is taken stays taken for a while: the start goes on without the listener, which is tried again. */
const EDGE_PATIENCE = { crashes: 1, within: minutes(1) };
const EDGE_REVIVAL = seconds(30);

/** The group without which the process is to be started anew. */
export const CRITICAL = 'critical';

/**
 * Who restarts with whom. Store, firewall, responder and changes are critical: their books are read once, so when one of them
 * fails the process gives up and is started anew.
 * The pipeline and the sources that feed it restart together, since sources must feed again what the pipeline lost.
 */
export function treeOf(
  { store, identity }: Foundation,
  { pipeline, watchers, segments, canaries }: DataPlane,
  edges: readonly Service[],
  critical: readonly Service[],
): Supervisor {
  const credentials: Service = { id: 'identity', start: async () => {}, stop: () => identity.close() };
  return supervise({
    id: 'root',
    strategy: 'one-for-one',
    intensity: { crashes: 0, within: minutes(1) },
    children: [
      supervise({
        id: CRITICAL,
        strategy: 'rest-for-one',
        intensity: { crashes: 0, within: minutes(1) },
        critical: true,
        children: [store.service, credentials, ...critical],
      }),
      supervise({ id: 'detection', strategy: 'rest-for-one', intensity: PATIENCE, children: [pipeline, ...watchers] }),
      supervise({
        id: 'edges',
        strategy: 'one-for-one',
        intensity: EDGE_PATIENCE,
        reviveAfter: EDGE_REVIVAL,
        children: [segments, canaries, identity.certificates, ...edges],
      }),
    ],
  });
}

/** Books, kernel and expiry as one service: the kernel is in line with the books before the first finding is judged. */
export function enforcementService(plane: DataPlane, isOn: () => boolean): Service {
  const { responder, firewall, allows, firewallLog, undo } = plane;
  return {
    id: 'enforcement',
    start: async () => {
      await plane.loadBooks();
      await plane.loadFindings();
      await plane.lists.load();
      await plane.fleetLists.load();
      await (isOn() ? firewall.enable() : firewall.look());
      await allows.start();
      responder.start();
    },
    stop: async () => {
      allows.stop();
      responder.stop();
      undo.stop();
      await firewallLog.flushed();
    },
  };
}
