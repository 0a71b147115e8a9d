import { type Millis, seconds } from '../../../core/base/time.ts';
import type { Change, Word } from '../../../core/change/change.ts';
import { type ProbeName, probesOf } from '../../../core/change/probe-policy.ts';
import type { Probe } from '../port.ts';
import { probeAdminSource } from './admin-source.ts';
import { ApiProbe } from './api.ts';
import { probeDns } from './dns.ts';
import { probeGateway } from './gateway.ts';
import { failed, type ProbeDeps, passed, type Seen, unknown } from './port.ts';
import { probeDisk, probeStore } from './storage.ts';

export { systemTools } from './effects.ts';
export { sendThrough } from './packets.ts';
export type { ApiTarget, ProbeDeps, RuleTexts, Tools } from './port.ts';

type Run = (change: Change, signal: AbortSignal) => Promise<Seen>;

/** Longer than all that a probe waits for within; what takes longer still hangs. */
const TIMEOUTS: Readonly<Record<ProbeName | 'controller', Millis>> = {
  gateway: seconds(20),
  dns: seconds(4),
  'admin-source': seconds(15),
  api: seconds(20),
  credential: seconds(1),
  disk: seconds(5),
  store: seconds(5),
  controller: seconds(1),
};

/** What a site may well do without. */
const AROUND: ReadonlySet<string> = new Set<ProbeName>(['gateway', 'dns']);

/** Everything that can be found out about a trial, and what of it counts for which change. */
export class Probes {
  readonly #runs: Readonly<Record<ProbeName | 'controller', Run>>;
  readonly #controllers: () => boolean;

  constructor(deps: ProbeDeps) {
    const api = new ApiProbe(deps);
    this.#controllers = () => deps.controllerHeard?.() !== undefined;
    this.#runs = {
      gateway: (_, signal) => probeGateway(deps.tools, signal),
      dns: (_, signal) => probeDns(deps.tools, signal),
      'admin-source': (change, signal) => probeAdminSource(deps, change, signal),
      api: (change, signal) => api.run(change, signal),
      credential: async ({ word }) => credential(deps, word),
      disk: () => probeDisk(deps),
      store: () => probeStore(deps),
      controller: async () => controller(deps.controllerHeard?.()),
    };
  }

  /** Those that count for a change; a controller is among them once there is one. */
  for(change: Change): readonly Probe[] {
    const names = probesOf(change);
    return (this.#controllers() ? [...names, 'controller' as const] : names).map((name) => this.probe(name));
  }

  probe(name: ProbeName | 'controller'): Probe {
    const probe = { name, timeout: TIMEOUTS[name], run: this.#runs[name] };
    return AROUND.has(name) ? { ...probe, looksAround: true } : probe;
  }
}

/** A controller that is there says something at least as often. */
const HEARD_WITHIN: Millis = seconds(90);

function controller(ago: Millis | undefined): Seen {
  if (ago === undefined) return unknown('no controller is configured');
  const text = `heard ${Math.round(ago / 1000)} s ago`;
  return ago <= HEARD_WITHIN ? passed(text) : failed(text);
}

function credential({ isCredentialGood }: Pick<ProbeDeps, 'isCredentialGood'>, word: Word): Seen {
  const isGood = isCredentialGood(word);
  if (isGood === undefined) return unknown(`it cannot be told what ${word.actor} signs in with`);
  return isGood ? passed(`${word.actor} can still sign in`) : failed(`${word.actor} could not sign in any more`);
}
