import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { type Millis, plus, seconds } from '../../core/base/time.ts';
import { ALL_SHARDS } from '../../core/controller/shards.ts';
import { GRACE, shareStep } from '../../core/controller/shares.ts';
import {
  hear,
  holds,
  LEASE,
  type Lease,
  type LeaseView,
  leaseFor,
  type StreamPosition,
} from '../../core/link/lease.ts';
import type { OrderOf } from '../../core/link/order.ts';
import { leaseFilter, shardFilters, shardName } from '../../core/link/topics.ts';
import type { BrokerLink } from './broker-link.ts';
import type { Happenings } from './happenings.ts';

export interface ShardKeeperDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly happenings: Happenings;
  readonly link: () => BrokerLink;
  readonly tenant: string;
  /** This controller. */
  readonly name: string;
  readonly preferred: readonly number[];
  /** Signs and publishes a lease. */
  readonly publish: (lease: Lease, generation: number) => Promise<void>;
  /** Of the appliances of a shard, written down. */
  readonly positions: (shard: number) => Promise<readonly StreamPosition[]>;
  /** @param isFollowed the shard was somebody's before: of what is not among the positions nothing was taken yet */
  readonly begin: (shard: number, inherited: readonly StreamPosition[], isFollowed: boolean) => void;
  /** Resolves when all that was taken is on disk. */
  readonly end: (shard: number) => Promise<void>;
}

/** Positions, and of appliances and streams that are not among them those that were said before. */
function completed(own: readonly StreamPosition[], before: readonly StreamPosition[]): readonly StreamPosition[] {
  const known = new Set(own.map(({ appliance, stream }) => `${appliance}/${stream}`));
  return [...own, ...before.filter(({ appliance, stream }) => !known.has(`${appliance}/${stream}`))];
}

interface Shard {
  view: LeaseView | undefined;
  /** What the holder before this one said it had taken. */
  inherited: readonly StreamPosition[];
  leftUntil: Millis | undefined;
  isServed: boolean;
  /** One step after the other. */
  turn: Promise<void>;
  steps: number;
}

const LOOK = seconds(1);
/** After the leases were asked for: what the broker keeps of them has come by then. */
const HEARD = seconds(3);
/** How long giving back may take. */
const STOPS = seconds(10);
/** How long a controller leaves a shard to others that it gave away. */
const LEFT = GRACE;

/** Takes, renews and gives back the leases of shards, and serves those it holds. */
export class ShardKeeper {
  readonly #deps: ShardKeeperDeps;
  readonly #shards: ReadonlyMap<number, Shard>;
  #heardAt: Millis | undefined;
  readonly #watchedSince: Millis;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(deps: ShardKeeperDeps) {
    this.#deps = deps;
    this.#watchedSince = deps.clock.now();
    const none = { view: undefined, inherited: [], leftUntil: undefined, isServed: false, steps: 0 };
    this.#shards = new Map(ALL_SHARDS.map((shard) => [shard, { ...none, turn: Promise.resolve() }]));
  }

  async start(): Promise<void> {
    await this.#deps.link().subscribe([leaseFilter(this.#deps.tenant)]);
    this.#tick();
  }

  /** The connection is there or is lost. */
  connected(isThere: boolean): void {
    this.#heardAt = isThere ? plus(this.#deps.clock.now(), HEARD) : undefined;
  }

  isServed(shard: number): boolean {
    return this.#shards.get(shard)?.isServed === true;
  }

  /** Why nothing is ordered from here of the appliances of a shard, for people; undefined: it is. */
  whyNotServed(shard: number): string | undefined {
    const { clock, name, link } = this.#deps;
    const lease = this.#shards.get(shard)?.view?.lease;
    // Cut off for longer than its lease lasts a controller knows of nobody else, and has the shard again before others would.
    if (this.isServed(shard) || (lease?.holder === name && !link().isConnected)) return undefined;
    const isHeld = lease !== undefined && lease.until !== 'given_back' && lease.until > clock.now();
    return isHeld && lease.holder !== name
      ? `the controller "${lease.holder}" serves its shard ${shardName(shard)}: order it there`
      : `nobody serves its shard ${shardName(shard)} yet: see \`shards\``;
  }

  served(): readonly number[] {
    return ALL_SHARDS.filter((shard) => this.isServed(shard));
  }

  overview(): readonly {
    readonly shard: string;
    readonly holder?: string;
    readonly until?: Millis;
    readonly served: boolean;
  }[] {
    return [...this.#shards].map(([shard, { view, isServed }]) => {
      const until = view?.lease.until;
      const held = view === undefined || until === 'given_back' ? {} : { holder: view.lease.holder };
      return {
        shard: shardName(shard),
        ...held,
        ...(until === undefined || until === 'given_back' ? {} : { until }),
        served: isServed,
      };
    });
  }

  /** A lease that was judged. */
  heard(order: OrderOf<'lease'>): void {
    const { clock, name, log } = this.#deps;
    const shard = this.#shards.get(order.lease.shard);
    if (shard === undefined) return;
    const { view, news } = hear(shard.view, order, clock.now());
    shard.view = view;
    // What this very controller said in an earlier run counts where it knows nothing better itself.
    if (news === 'heard' && !shard.isServed) shard.inherited = order.lease.positions;
    if (news === 'overwritten' && view.lease.holder === name) void this.#step(order.lease.shard, shard);
    if (news !== 'heard') log('debug', 'a lease counts for nothing', { shard: shardName(order.lease.shard), news });
    if (shard.isServed && view.lease.holder !== name) void this.#lose(order.lease.shard, shard);
  }

  /** Gives shards to whoever else would serve them. @returns those that were this controller's */
  async give(shards: readonly number[]): Promise<readonly number[]> {
    const given: number[] = [];
    for (const number of shards) {
      const shard = this.#shards.get(number);
      if (shard === undefined) continue;
      const now = this.#deps.clock.now();
      shard.leftUntil = plus(now, LEFT);
      if (!this.#isMine(shard)) continue;
      await this.#giveBack(number, shard);
      given.push(number);
    }
    return given;
  }

  /** Gives back what it has, so that others need not wait; without a broker their leases end by themselves. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    let cancel = (): void => undefined;
    const late = new Promise<void>((go) => {
      cancel = this.#deps.clock.after(STOPS, go);
    });
    await Promise.race([this.#giveAll(), late]);
    cancel();
  }

  async #giveAll(): Promise<void> {
    for (const [number, shard] of this.#shards) {
      if (this.#isMine(shard) && this.#deps.link().isConnected) await this.#giveBack(number, shard);
      else if (shard.isServed) await this.#deps.end(number);
    }
  }

  #isMine({ view }: Shard): boolean {
    return view?.lease.holder === this.#deps.name && view.lease.until !== 'given_back';
  }

  #tick(): void {
    if (this.#stopped) return;
    this.#cancel = this.#deps.clock.after(LOOK, () => {
      for (const [number, shard] of this.#shards) this.#look(number, shard);
      this.#tick();
    });
  }

  #look(number: number, shard: Shard): void {
    const { clock, name, preferred } = this.#deps;
    if (shard.steps > 0) return;
    const now = clock.now();
    const isHeld = holds(shard.view, name, now);
    if (shard.isServed && !isHeld) void this.#lose(number, shard);
    if (this.#heardAt === undefined || this.#heardAt > now) return;
    if (!shard.isServed && isHeld) void this.#serve(number, shard);
    const known = { ...shard, isPreferred: preferred.includes(number), watchedSince: this.#watchedSince };
    const step = shareStep(known, name, now);
    if (step.kind === 'take' || step.kind === 'renew') void this.#step(number, shard);
  }

  #step(number: number, shard: Shard): Promise<void> {
    return this.#alone(shard, async () => {
      const { clock, name, publish, positions } = this.#deps;
      // What this controller took last it knows itself; of another's turn it knows what that one said.
      const isOwn = shard.view?.lease.holder === name;
      const known = isOwn ? completed(await positions(number), shard.inherited) : shard.inherited;
      const until = plus(clock.now(), LEASE);
      const { lease, generation } = leaseFor(shard.view, number, name, until, known);
      await publish(lease, generation);
    });
  }

  #serve(number: number, shard: Shard): Promise<void> {
    return this.#alone(shard, async () => {
      const { link, tenant, begin, log, happenings, name } = this.#deps;
      begin(number, shard.inherited, (shard.view?.generation ?? 1) > 1);
      shard.isServed = true;
      await link().subscribe(shardFilters(tenant, number));
      log('info', 'serves a shard', { shard: shardName(number) });
      happenings.tell({ kind: 'shard', shard: shardName(number), served: true, by: name });
    });
  }

  #lose(number: number, shard: Shard): Promise<void> {
    shard.isServed = false;
    return this.#alone(shard, async () => {
      const { link, tenant, end, log, happenings, name } = this.#deps;
      await link().unsubscribe(shardFilters(tenant, number));
      await end(number);
      log('info', 'serves a shard no longer', { shard: shardName(number) });
      happenings.tell({ kind: 'shard', shard: shardName(number), served: false, by: name });
    });
  }

  async #giveBack(number: number, shard: Shard): Promise<void> {
    const { link, tenant, end, positions, name, publish } = this.#deps;
    await this.#alone(shard, async () => {
      // Nothing more is taken before it is said how far this controller has come.
      if (shard.isServed) await link().unsubscribe(shardFilters(tenant, number));
      const known = shard.isServed ? await positions(number) : shard.inherited;
      shard.isServed = false;
      await end(number);
      shard.inherited = known;
      const { lease, generation } = leaseFor(shard.view, number, name, 'given_back', known);
      await publish(lease, generation);
    });
  }

  #alone(shard: Shard, run: () => Promise<void>): Promise<void> {
    shard.steps++;
    shard.turn = shard.turn.then(run).then(
      () => {
        shard.steps--;
      },
      (cause: unknown) => {
        shard.steps--;
        this.#deps.log('warn', 'a shard cannot be looked after', { cause: messageOf(cause) });
      },
    );
    return shard.turn;
  }
}
