import type { Allows, Disallowing } from '../../core/api/allows.ts';
import { type Cidr, canonicalIp, type Ip, type ParsedIp } from '../../core/base/ip.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { hasPassed, type Millis, seconds } from '../../core/base/time.ts';
import { Turns } from '../../core/base/turns.ts';
import {
  type Allow,
  type Allowed,
  type AllowedPort,
  type AllowRefusal,
  type AllowRequest,
  allowKey,
  type Connection,
  cutBy,
  type Followed,
  type PortAllow,
  type Refuses,
  type Replaced,
  subjectOf,
  wrongAllow,
} from '../../core/respond/allow.ts';
import { type AllowChange, eventOfAllow, type FirewallEvent } from '../../core/respond/firewall-event.ts';
import type { Firewall } from '../firewall/index.ts';
import type { AllowBook } from './allow-book.ts';

/** Allows on disk. */
export interface AllowRecords {
  all(): AsyncIterable<Allow>;
  save(
    /** @param gone keys of allows */
    change: { readonly puts: readonly Allow[]; readonly gone: readonly string[] },
    options: { readonly sync: boolean },
  ): Promise<Result<void, string>>;
}

export interface AllowListDeps {
  readonly book: AllowBook;
  readonly records: AllowRecords;
  readonly firewall: Pick<Firewall, 'letIn'>;
  /** Lifts the blocks of what is allowed by now; `by` whose word. */
  readonly liftAllowed: (by: string) => Promise<void>;
  readonly refuses: Refuses;
  /** Established connections to this host. */
  readonly connected: () => Promise<Result<readonly Connection[], 'failed'>>;
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
      if (hasPassed(allow.expiresAt, clock.now())) past.push(allowKey(allow));
      else book.put(allow);
    }
    if (past.length > 0) await this.#save({ puts: [], gone: past }, { sync: false });
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

  ports(): readonly PortAllow[] {
    return this.#deps.book.ports();
  }

  covering(ip: ParsedIp): Allow | undefined {
    return this.#deps.book.covering(ip);
  }

  allow(request: AllowRequest): Promise<Result<Allowed & Followed & Replaced, AllowRefusal>> {
    return this.#turns.run(() => this.#allow(request));
  }

  disallow(network: Cidr, by: Disallowing): Promise<Result<Followed, 'failed' | 'would_cut'>> {
    return this.#turns.run(() => this.#disallow(network, by));
  }

  async #allow(request: AllowRequest): Promise<Result<Allowed & Followed & Replaced, AllowRefusal>> {
    const { book, clock, liftAllowed, most = MOST } = this.#deps;
    const { network, written = network.text, ports, reason, origin, actor, expiresAt } = request;
    const wrong = wrongAllow(request, written);
    if (wrong !== undefined) return fail(wrong.code, wrong.public);
    const made: Allow = { subject: subjectOf(network), reason, origin, actor, at: clock.now(), expiresAt };
    const puts = ports === undefined ? [made] : ports.map((port): Allow => ({ ...made, port }));
    if (book.size + puts.filter((allow) => !book.has(allow)).length > most) {
      return fail('full', `${most} addresses, networks and ports are the most that can be allowed; remove some first`);
    }
    const [replaced] = puts.flatMap((allow) => book.put(allow) ?? []);
    const followed = await this.#follow();
    if (ports === undefined) await liftAllowed(actor);
    const saved = await this.#save({ puts, gone: [] }, { sync: true });
    for (const allow of puts) this.#tell(allow, 'allow');
    if (!saved.ok) return fail('failed', `allowed, but not durable: ${saved.public}`);
    const told = { ...made, ...(ports === undefined ? {} : { ports }) };
    return ok({ ...told, ...followed, ...(replaced === undefined ? {} : { replaced }) });
  }

  async #disallow(network: Cidr, by: Disallowing): Promise<Result<Followed, 'failed' | 'would_cut'>> {
    const { book } = this.#deps;
    const going = goingFrom(book, network, by.ports);
    if (going.length === 0) return ok({});
    const cut = by.forcedBecause === undefined ? await this.#cutWithout(going, canonicalIp(by.peer)) : [];
    if (cut.length > 0) {
      return fail(
        'would_cut',
        `${named(cut)} would be cut off, which gets in by this entry alone; a force_reason does it all the same`,
      );
    }
    for (const allow of going) book.remove(allow);
    const followed = await this.#follow();
    const saved = await this.#save({ puts: [], gone: going.map(allowKey) }, { sync: true });
    for (const allow of going) {
      this.#tell({ ...allow, origin: by.origin, reason: `removed by ${by.actor}` }, 'remove_allow');
    }
    return saved.ok ? ok(followed) : fail('failed', `removed, but not durable: ${saved.public}`);
  }

  /** Addresses that ask or are connected, are let in by these entries and by no other, and are refused without them. */
  async #cutWithout(going: readonly Allow[], asking?: Ip): Promise<readonly Ip[]> {
    const { book, refuses, connected } = this.#deps;
    const sessions = await connected();
    const here = [...(asking === undefined ? [] : [{ ip: asking }]), ...(sessions.ok ? sessions.value : [])];
    return cutBy(here, { before: book.letting(), after: book.letting(going), refuses });
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

  /** What was ordered to end ends, also where somebody is cut off by it: that is said before and after. */
  async #sweep(): Promise<void> {
    const { book, clock, log } = this.#deps;
    const ended = book.due(clock.now());
    if (ended.length === 0) return;
    const cut = await this.#cutWithout(ended);
    if (cut.length > 0)
      log('warn', 'an allow has ended by which alone somebody connected gets in', { cut: named(cut) });
    for (const allow of ended) book.remove(allow);
    await this.#follow();
    await this.#save({ puts: [], gone: ended.map(allowKey) }, { sync: false });
    for (const allow of ended) this.#tell(allow, 'temp_allow_expired');
  }
}

const NAMED = 5;
const named = (ips: readonly Ip[]): string => ips.slice(0, NAMED).join(', ');

/** The entries of one network: of these ports, or all there are. */
function goingFrom(book: AllowBook, network: Cidr, ports?: readonly AllowedPort[]): readonly Allow[] {
  const subject = subjectOf(network);
  const own = book.ports().filter((allow) => allow.subject === subject);
  const whole = book.of(network);
  if (ports === undefined) return [...(whole === undefined ? [] : [whole]), ...own];
  const keys = new Set(ports.map((port) => allowKey({ subject, port })));
  return own.filter((allow) => keys.has(allowKey(allow)));
}
