import type { Component } from '../../core/base/component.ts';
import { type Ip, parseCidr } from '../../core/base/ip.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { type Millis, millis, minutes, seconds } from '../../core/base/time.ts';
import type { DesiredBlocks, Firewall, FirewallContent, FirewallTrials } from '../firewall/index.ts';
import type { Service } from '../supervisor/index.ts';
import { type CanaryPlace, isAllowed, removeCable, sendAcross } from './cable.ts';
import { type CanaryLists, listedBy } from './listed.ts';
import { type Canary, type CanaryOutcome, outcomeOf } from './outcome.ts';
import { type CanaryBooks, isWhy, sample } from './sample.ts';

export interface CanaryDeps {
  readonly place: CanaryPlace;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly firewall: Pick<Firewall, 'state' | 'holds' | 'drifted'> & Pick<FirewallTrials, 'judged'>;
  readonly desired: Pick<DesiredBlocks, 'blocks' | 'blockOf' | 'networks' | 'allowed'>;
  readonly lists: CanaryLists;
  /** As in effect. */
  readonly content: () => FirewallContent;
  readonly settings: () => { readonly isOn: boolean; readonly every: Millis };
  /** A round has found packets going the wrong way; once while that lasts, and again each hour. */
  readonly alarm: (outcome: CanaryOutcome) => void;
}

/** How the rounds stand. `idle`: none is due, or nothing can be proved at present, and why. */
type Standing =
  | { readonly state: 'starting' }
  | { readonly state: 'off' | 'idle'; readonly why: string }
  | { readonly state: 'told'; readonly outcome: CanaryOutcome };

/** A block with less left than this may end while its packet is on the way. */
const SHORTEST_LEFT: Millis = minutes(1);
/** After packets went the wrong way, until they are seen to go the right one. */
const SOON: Millis = seconds(30);
const ALARM_AGAIN: Millis = minutes(60);
/** Let in ahead of everything: neighbour discovery. */
const LINK_LOCAL = ['fe80::/10', '::/128'];

/**
 * Proves from time to time that the kernel does what the books say: packets with the sources of some that are blocked, and of
 * some that are let in, are sent through the very rules that stand, and where they end is seen. This finds what a look at
 * the rules does not: a table that is asleep, a source rewritten ahead of it, a kernel that does not do as it says.
 */
export class Canaries implements Service {
  readonly id = 'canary';
  readonly #deps: CanaryDeps;
  readonly #counters = { rounds: 0, dropped: 0, letIn: 0, missed: 0, cut: 0, unproven: 0 };
  #standing: Standing = { state: 'starting' };
  /** Whether rounds can be sent from here, as it was found last. */
  #isAble = false;
  #since: Millis;
  #alarmed: Millis | undefined;
  #stop = new AbortController();
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;

  constructor(deps: CanaryDeps) {
    this.#deps = deps;
    this.#since = deps.clock.now();
  }

  /** What the last round has proved; undefined where none has come to its end, or nothing was to be proved since. */
  outcome(): CanaryOutcome | undefined {
    return this.#standing.state === 'told' ? this.#standing.outcome : undefined;
  }

  async start(): Promise<void> {
    this.#stop = new AbortController();
    if (this.#deps.settings().isOn && this.#isEnforcing()) await removeCable(this.#deps.place);
    this.#begin();
  }

  /** A round now, beside those that come by themselves; of two at a time both are the same one. */
  round(): Promise<CanaryOutcome | undefined> {
    this.#running ??= this.#once()
      .catch((cause: unknown) => this.#turn({ state: 'off', why: `a round failed: ${messageOf(cause)}` }))
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running.then(() => this.outcome());
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#cancel?.();
    await this.#running;
  }

  component(): Component {
    const described = { name: 'canary', since: this.#since, counters: { ...this.#counters } };
    const standing = this.#standing;
    switch (standing.state) {
      case 'starting':
        return { ...described, state: 'starting' };
      case 'off':
        return { ...described, state: 'off', message: standing.why };
      case 'idle':
        return { ...described, state: 'ok', detail: standing.why };
      case 'told':
        return { ...described, ...wordsOn(standing.outcome) };
    }
  }

  #begin(): void {
    void this.round().then((outcome) => {
      if (this.#stop.signal.aborted) return;
      const { every } = this.#deps.settings();
      // While nothing is enforced a round costs nothing, and the first one is wanted as soon as something is.
      const isSoon = isWrong(outcome) || !this.#isEnforcing();
      const next = isSoon ? millis(Math.min(SOON, every)) : every;
      this.#cancel = this.#deps.clock.after(next, () => this.#begin());
    });
  }

  async #once(): Promise<void> {
    if (!this.#deps.settings().isOn) return this.#turn({ state: 'off', why: 'firewall.canary is false' });
    if (!this.#isEnforcing()) return this.#turn({ state: 'off', why: 'nothing is enforced' });
    // Ahead of what passes: one that can never run must not be `ok` at one time and `off` at another.
    if (!(await this.#becomesAble())) return;
    if (!(await this.#isConfirmed())) return this.#turn({ state: 'idle', why: 'waits for a change on trial to end' });
    const canaries = await sample(this.#books(), this.#deps.random, () => this.#rest());
    if (canaries.every(({ why }) => why === 'control')) return this.#turn({ state: 'idle', why: 'nothing is blocked' });
    const first = await this.#try(canaries);
    if (first === undefined) return;
    const astray = [...first.missed, ...first.cut];
    // A decision may have come or gone just then.
    const controls = canaries.filter(({ why }) => why === 'control');
    const second = astray.length === 0 ? undefined : await this.#try([...astray, ...controls]);
    if (astray.length > 0 && second === undefined) return;
    this.#told(second === undefined ? first : { ...first, missed: second.missed, cut: second.cut });
  }

  async #becomesAble(): Promise<boolean> {
    if (this.#isAble) return true;
    const allowed = await isAllowed(this.#deps.place, this.#stop.signal);
    this.#isAble = allowed.ok;
    if (!allowed.ok) this.#turn({ state: 'off', why: allowed.public });
    return allowed.ok;
  }

  /** @returns nothing when the round proves nothing, which the component tells then */
  async #try(canaries: readonly Canary[]): Promise<CanaryOutcome | undefined> {
    const { place, clock } = this.#deps;
    const fates = await sendAcross(
      place,
      canaries.map(({ ip }) => ip),
      this.#stop.signal,
    );
    if (!fates.ok) {
      this.#isAble = false;
      this.#turn({ state: 'off', why: fates.public });
      return undefined;
    }
    if (!this.#isEnforcing() || !(await this.#isConfirmed())) {
      this.#turn({ state: 'idle', why: 'the rules have changed meanwhile' });
      return undefined;
    }
    const books = this.#books();
    return outcomeOf(clock.now(), canaries, fates.value, ({ ip, why }) => isWhy(books, ip, why));
  }

  #told(outcome: CanaryOutcome): void {
    const { log, alarm, firewall } = this.#deps;
    this.#counters.rounds++;
    for (const kind of ['dropped', 'letIn', 'unproven'] as const) this.#counters[kind] += outcome[kind];
    for (const kind of ['missed', 'cut'] as const) this.#counters[kind] += outcome[kind].length;
    this.#turn({ state: 'told', outcome });
    if (!isWrong(outcome)) {
      if (this.#alarmed !== undefined) log('info', 'canaries are dropped and let in as they should again');
      this.#alarmed = undefined;
      return;
    }
    firewall.drifted();
    if (this.#alarmed !== undefined && outcome.at < this.#alarmed + ALARM_AGAIN) return;
    this.#alarmed = outcome.at;
    log('error', 'canaries went the wrong way', { missed: outcome.missed.length, cut: outcome.cut.length });
    alarm(outcome);
  }

  #turn(standing: Standing): void {
    const { clock, log } = this.#deps;
    const [before, now] = [this.#standing, standing].map((one) => ('why' in one ? one.why : one.state));
    if (before !== now) {
      this.#since = clock.now();
      if ('why' in standing) log('info', 'canaries prove nothing', { why: standing.why });
    }
    this.#standing = standing;
  }

  #books(): CanaryBooks {
    const { clock, firewall, desired, lists } = this.#deps;
    const content = this.#deps.content();
    const { infra, denied } = content;
    const lasts = (expiresAt: Millis | 'never'): boolean =>
      expiresAt === 'never' || expiresAt - clock.now() >= SHORTEST_LEFT;
    const networks = [...desired.networks()].filter(({ expiresAt }) => lasts(expiresAt));
    return {
      blocked: function* (): Generator<Ip> {
        for (const { ip, id, expiresAt } of desired.blocks()) if (lasts(expiresAt) && firewall.holds(id)) yield ip;
      },
      isBlocked: (ip) => desired.blockOf(ip) !== undefined,
      listed: listedBy(lists, content),
      blockedNetworks: parsed(networks.map(({ network }) => network)),
      denied: parsed(denied),
      letIn: [...parsed([...infra, ...LINK_LOCAL]), ...desired.allowed()],
    };
  }

  #isEnforcing(): boolean {
    return this.#deps.firewall.state() === 'enforcing';
  }

  async #isConfirmed(): Promise<boolean> {
    const judged = await this.#deps.firewall.judged();
    return judged.ok && judged.value === 'confirmed';
  }

  #rest(): Promise<void> {
    return new Promise((resolve) => {
      this.#deps.clock.after(millis(0), resolve);
    });
  }
}

const isWrong = (outcome: CanaryOutcome | undefined): boolean =>
  outcome !== undefined && outcome.missed.length + outcome.cut.length > 0;

const parsed = (texts: readonly string[]) =>
  texts.flatMap((text) => {
    const net = parseCidr(text);
    return net.ok ? [net.value] : [];
  });

/** What a person is told of a round. */
function wordsOn({
  checked,
  dropped,
  letIn,
  missed,
  cut,
  unproven,
}: CanaryOutcome): Pick<Component, 'state' | 'message' | 'detail'> {
  if (missed.length > 0) {
    return { state: 'failed', message: `blocked sources whose packets get through: ${missed.length} of those tried` };
  }
  if (cut.length > 0)
    return {
      state: 'failed',
      message: `sources that are let in and whose packets are dropped: ${cut.length} of those tried`,
    };
  const open = unproven === 0 ? '' : `, ${unproven} proved nothing`;
  if (checked === 0) return { state: 'degraded', message: `no packet proves anything: ${unproven} were sent in vain` };
  return { state: 'ok', detail: `${dropped} sources dropped, ${letIn} let in${open}` };
}
