import type { Allows, Disallowing } from '../../core/api/allows.ts';
import { type Cidr, canonicalIp, contains, type Ip, type ParsedIp, parseIp } from '../../core/base/ip.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { hasPassed, type Millis, seconds } from '../../core/base/time.ts';
import { Turns } from '../../core/base/turns.ts';
import {
  type Allow,
  type AllowRefusal,
  type AllowRequest,
  type Followed,
  isTooBroad,
  type Replaced,
  subjectOf,
} from '../../core/respond/allow.ts';
import { type AllowChange, eventOfAllow, type FirewallEvent } from '../../core/respond/firewall-event.ts';
import type { Firewall } from '../firewall/index.ts';
import type { AllowBook } from './allow-book.ts';

/** Allows on disk. */
export interface AllowRecords {
  all(): AsyncIterable<Allow>;
  save(
    change: { readonly put?: Allow; readonly gone: readonly string[] },
    options: { readonly sync: boolean },
  ): Promise<Result<void, string>>;
}

export interface AllowListDeps {
  readonly book: AllowBook;
  readonly records: AllowRecords;
  readonly firewall: Pick<Firewall, 'letIn'>;
  /** Lifts the blocks of what is allowed by now; `by` whose word. */
  readonly liftAllowed: (by: string) => Promise<void>;
  /** Whether packets from there are dropped unless it is allowed. */
  readonly denies: (ip: ParsedIp) => boolean;
  /** Addresses with established connections to this host. */
  readonly connected: () => Promise<Result<readonly Ip[], 'failed'>>;
  readonly clock: Clock;
  readonly log: Log;
  readonly publish: (event: FirewallEvent) => void;
  /** How many there may be; what fits one transaction of the kernel unless given. */
  readonly most?: number;
}

/** Fits one transaction of the kernel, whatever networks these are. */
const MOST = 5000;
const SWEEP: Millis = seconds(1);

/**
 * Who is always let in. An allow is on the books first, so that nothing it covers is blocked from then on, then in the
 * kernel, then on disk, and only then said to hold.
 */
export class AllowList implements Allows {
  readonly #deps: AllowListDeps;
  /** One change at a time, so that the disk comes to hold what the book does. */
  readonly #turns = new Turns();
  #stopSweep: () => void = () => {};

  constructor(deps: AllowListDeps) {
    this.#deps = deps;
  }

  /** Puts what is on record on the books; before the kernel is brought in line. */
  async load(): Promise<void> {
    const { book, records, clock } = this.#deps;
    const past: string[] = [];
    for await (const allow of records.all()) {
      if (hasPassed(allow.expiresAt, clock.now())) past.push(allow.subject);
      else book.put(allow);
    }
    if (past.length > 0) await this.#save({ gone: past }, { sync: false });
  }

  /** Lifts what a crash left blocked beside its allow, and watches the time. */
  async start(): Promise<void> {
    await this.#deps.liftAllowed('an operator');
    this.#watch();
  }

  stop(): void {
    this.#stopSweep();
  }

  list(): readonly Allow[] {
    return this.#deps.book.list();
  }

  covering(ip: ParsedIp): Allow | undefined {
    return this.#deps.book.covering(ip);
  }

  allow(request: AllowRequest): Promise<Result<Allow & Followed & Replaced, AllowRefusal>> {
    return this.#turns.run(() => this.#allow(request));
  }

  disallow(network: Cidr, by: Disallowing): Promise<Result<Followed, 'failed' | 'would_cut'>> {
    return this.#turns.run(() => this.#disallow(network, by));
  }

  async #allow(request: AllowRequest): Promise<Result<Allow & Followed & Replaced, AllowRefusal>> {
    const { book, clock, liftAllowed, most = MOST } = this.#deps;
    const { network, written = network.text, reason, origin, actor, expiresAt } = request;
    if (isTooBroad(network))
      return fail('too_broad', `${written} is too broad to be allowed: at least /8, or /32 for IPv6`);
    if (book.size >= most && book.of(network) === undefined) {
      return fail('full', `${most} addresses and networks are allowed already; remove some, or allow a network`);
    }
    const allow: Allow = { subject: subjectOf(network), reason, origin, actor, at: clock.now(), expiresAt };
    const replaced = book.put(allow);
    const followed = await this.#follow();
    await liftAllowed(actor);
    const saved = await this.#save({ put: allow, gone: [] }, { sync: true });
    this.#tell(allow, 'allow');
    if (!saved.ok) return fail('failed', `allowed, but not durable: ${saved.public}`);
    return ok({ ...allow, ...followed, ...(replaced === undefined ? {} : { replaced }) });
  }

  async #disallow(network: Cidr, by: Disallowing): Promise<Result<Followed, 'failed' | 'would_cut'>> {
    const cut = by.forcedBecause === undefined ? await this.#cutWithout(network, by.peer) : [];
    if (cut.length > 0) {
      const who = cut.slice(0, 5).join(', ');
      return fail(
        'would_cut',
        `${who} would be cut off, which gets in by this entry alone; a force_reason does it all the same`,
      );
    }
    const removed = this.#deps.book.delete(network);
    if (removed === undefined) return ok({});
    const followed = await this.#follow();
    const saved = await this.#save({ gone: [removed.subject] }, { sync: true });
    this.#tell({ ...removed, origin: by.origin, reason: `removed by ${by.actor}` }, 'remove_allow');
    return saved.ok ? ok(followed) : fail('failed', `removed, but not durable: ${saved.public}`);
  }

  /** Addresses that ask or are connected, are let in by this entry and by no other, and are denied without it. */
  async #cutWithout(network: Cidr, peer: string): Promise<readonly Ip[]> {
    const { book, denies, connected } = this.#deps;
    if (book.of(network) === undefined) return [];
    const sessions = await connected();
    const others = book.networks().filter(({ text }) => text !== network.text);
    const asking = canonicalIp(peer);
    const here = new Set([...(asking === undefined ? [] : [asking]), ...(sessions.ok ? sessions.value : [])]);
    return [...here].filter((text) => {
      const ip = parseIp(text);
      if (!ip.ok || !contains(network, ip.value) || others.some((other) => contains(other, ip.value))) return false;
      return denies(ip.value);
    });
  }

  async #follow(): Promise<Followed> {
    const done = await this.#deps.firewall.letIn();
    return done.ok ? {} : { warning: `the kernel could not be changed yet: ${done.public}` };
  }

  /** What the disk refuses stays in the store's memory until the disk is back. */
  async #save(change: Parameters<AllowRecords['save']>[0], options: { readonly sync: boolean }) {
    const { records, log } = this.#deps;
    const saved = await records.save(change, options);
    if (saved.ok) return saved;
    log('error', 'allow list is not on disk', { error: saved.public });
    if (options.sync) await records.save(change, { sync: false });
    return saved;
  }

  #tell(allow: Allow, change: AllowChange): void {
    const { clock, log, publish } = this.#deps;
    log('info', 'allow list', { change, subject: allow.subject });
    publish(eventOfAllow(allow, change, clock.now()));
  }

  #watch(): void {
    const { clock, log } = this.#deps;
    this.#stopSweep = clock.after(SWEEP, () => {
      this.#turns
        .run(() => this.#sweep())
        .catch((cause: unknown) => log('error', 'allow sweep failed', { error: messageOf(cause) }));
      this.#watch();
    });
  }

  async #sweep(): Promise<void> {
    const { book, clock } = this.#deps;
    const ended = book.expire(clock.now());
    if (ended.length === 0) return;
    await this.#follow();
    await this.#save({ gone: ended.map(({ subject }) => subject) }, { sync: false });
    for (const allow of ended) this.#tell(allow, 'temp_allow_expired');
  }
}
