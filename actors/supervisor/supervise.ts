import { type Millis, minutes, seconds } from '../../core/base/time.ts';
import type { Service } from './service.ts';

/**
 * `one-for-one`: a crashed child is restarted alone. `rest-for-one`: so are the children after it, which depend on it;
 * they are stopped first, last to first.
 */
export type Strategy = 'one-for-one' | 'rest-for-one';

/** Up to `crashes` crashes within any `within` are answered with a restart; the next one makes the supervisor give up. */
export interface Intensity {
  readonly crashes: number;
  readonly within: Millis;
}

/** The wait before a restart: `first`, doubled with each crash of the same child within the window, up to `longest`. */
export interface Backoff {
  readonly first: Millis;
  readonly longest: Millis;
}

export interface SupervisorSpec {
  /** Unique among services and supervisors. */
  readonly id: string;
  readonly strategy: Strategy;
  readonly intensity: Intensity;
  /** In the order in which they are started; each is usable before the next starts. Stopped in reverse. */
  readonly children: readonly (Service | Supervisor)[];
  readonly backoff?: Backoff;
  /**
   * What it means to the parent when this one gives up. Critical: a crash, which the parent answers by its own strategy
   * and intensity. Else the group is marked failed, the parent goes on, and after `reviveAfter` it is tried again.
   */
  readonly critical?: boolean;
  readonly reviveAfter?: Millis | 'never';
  /** A service that is not usable after this long has crashed. */
  readonly startLimit?: Millis;
  /** A stop that takes longer is abandoned and told. */
  readonly stopLimit?: Millis;
}

/** A checked spec with its defaults filled in; made by `supervise`. */
export type Supervisor = Required<SupervisorSpec>;

const DEFAULTS = {
  backoff: { first: seconds(0.5), longest: seconds(30) },
  critical: false,
  reviveAfter: minutes(5),
  startLimit: seconds(30),
  stopLimit: seconds(10),
} as const;

export const isSupervisor = (child: Service | Supervisor): child is Supervisor => 'children' in child;

/** @throws RangeError for a spec that makes no sense: a bug of the composition root */
export function supervise(spec: SupervisorSpec): Supervisor {
  const supervisor = { ...DEFAULTS, ...spec };
  const ids = idsOf(supervisor);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) throw new RangeError(`two of the supervised are called ${twice}`);
  const { crashes, within } = spec.intensity;
  if (!(Number.isInteger(crashes) && crashes >= 0 && within > 0)) {
    throw new RangeError(`${spec.id}: intensity must be a whole number of crashes within a positive time`);
  }
  return supervisor;
}

const idsOf = (child: Service | Supervisor): string[] =>
  isSupervisor(child) ? [child.id, ...child.children.flatMap(idsOf)] : [child.id];
