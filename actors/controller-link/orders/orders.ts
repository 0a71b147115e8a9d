import type { Clock, Log, Random } from '../../../core/base/ports.ts';
import { fail, messageOf, type Result } from '../../../core/base/result.ts';
import { hours, type Millis, seconds } from '../../../core/base/time.ts';
import { Turns } from '../../../core/base/turns.ts';
import { NOTHING_DESIRED, reportedDesired } from '../../../core/link/desired.ts';
import type { EnvelopeReader } from '../../../core/link/envelope.ts';
import { type Accepted, answerTo, type Refused } from '../../../core/link/judge.ts';
import { type Order, type OrderOf, SKEW } from '../../../core/link/order.ts';
import type { CommandRecord } from '../../../core/link/order-books.ts';
import { envelopeReader, readIncoming } from '../../link-wire/index.ts';
import type { Records } from '../../store/index.ts';
import { validityOf } from '../identity-file.ts';
import type { OrdersLink } from '../link.ts';
import type { Incoming, LinkOrders, LinkUp, OrdersCounters, OrdersReport } from '../port.ts';
import { OrderBench } from './bench.ts';
import { Commands } from './commands.ts';
import { DesiredKeeper } from './desired.ts';
import type { OrdersDesk } from './desk.ts';
import { EarlyOrders } from './early.ts';
import { Lists } from './lists.ts';
import { Parts } from './parts.ts';
import { Refusals } from './refusals.ts';
import { Results } from './results.ts';
import { Waiting } from './waiting.ts';

/** How often it is looked for commands that may be forgotten. */
const FORGET_EVERY: Millis = hours(1);
/** A disk that refuses is asked again after this. */
const OPEN_AGAIN: Millis = seconds(10);

export interface OrdersDeps {
  readonly link: OrdersLink;
  readonly desk: OrdersDesk;
  readonly records: Records;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Whether the wall clock can be believed; asked each time. */
  readonly isClockSet?: () => boolean;
  readonly reader?: EnvelopeReader;
}

/** Everything that there is once the bench is read. */
interface Sitting {
  readonly bench: OrderBench;
  readonly commands: Commands;
  readonly desired: DesiredKeeper;
  readonly lists: Lists;
  readonly results: Results;
  readonly waiting: Waiting;
}

type Up = LinkUp & { readonly openedAt: Millis };

/**
 * Acts upon what controllers order. One envelope is judged at a time, by all that those before it have left; what it comes to is
 * on disk before the broker may forget it, and goes on beside the next. As long as the disk does not give what orders are judged by,
 * they are not acknowledged, and come again with the next connection.
 */
export class Orders implements LinkOrders {
  readonly #deps: OrdersDeps;
  readonly #parts: Parts;
  readonly #refusals = new Refusals();
  readonly #early = new EarlyOrders();
  readonly #turns = new Turns();
  /** Undefined: it was stopped before. */
  readonly #ready = Promise.withResolvers<Sitting | undefined>();
  #trouble: string | undefined;
  #cancelOpen: (() => void) | undefined;
  #sitting: Sitting | undefined;
  #up: Up | undefined;
  #cancelForget: (() => void) | undefined;
  #isStopped = false;
  #taken = 0;

  constructor(deps: OrdersDeps) {
    this.#deps = deps;
    const { link, clock } = deps;
    this.#parts = new Parts(link, link.identity.tenant, clock);
    void this.#begin();
  }

  async receive({ topic, payload, contentType }: Incoming): Promise<void> {
    const read = readIncoming(topic, payload, contentType === undefined ? {} : { contentType });
    if (!read.ok) {
      if (read.code === 'too_long') await this.#refused(unsigned(read.public));
      else this.#deps.log('debug', 'a message is none of ours', { reason: read.public });
      return;
    }
    // Whoever waits for a part is in the midst of a turn.
    if (read.value.is === 'list_part') return this.#parts.arrived(read.value.topic.sha256, read.value.bytes);
    if (read.value.is === 'envelope') await this.#judge(read.value.bytes);
  }

  opened(up: LinkUp): void {
    this.#up = { ...up, openedAt: this.#deps.clock.now() };
    this.#sitting?.desired.opened();
    this.#sitting?.results.opened();
  }

  closed(): void {
    this.#up = undefined;
    this.#parts.closed();
    this.#sitting?.desired.closed();
  }

  report(): OrdersReport {
    const sitting = this.#sitting;
    if (sitting === undefined) return { desired: reportedDesired(NOTHING_DESIRED, []), lists: [], keysGeneration: 0 };
    const { bench, lists, desired } = sitting;
    const nonce = desired.nonce;
    return {
      desired: reportedDesired(bench.desired, this.#deps.desk.desired.differing(bench.decided)),
      lists: lists.states(),
      keysGeneration: bench.ring.generation,
      ...(nonce === undefined ? {} : { change: { ...nonce, id: nonce.change } }),
    };
  }

  counters(): OrdersCounters {
    return { taken: this.#taken, refused: this.#refusals.counts };
  }

  trouble(): string | undefined {
    return this.#trouble;
  }

  /**
   * Nothing is acted upon any more. What is under way is not waited for, since it may itself wait for the link to end; it is found
   * again by the next start.
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.closed();
    this.#cancelForget?.();
    if (this.#cancelOpen !== undefined) this.#ready.resolve(undefined);
    this.#cancelOpen?.();
    const sitting = await this.#ready.promise;
    await this.#turns.run(async () => {});
    if (sitting !== undefined) leave(sitting);
  }

  /** Until it is open, or stopped. */
  async #begin(): Promise<void> {
    const { clock, log, link } = this.#deps;
    this.#cancelOpen = undefined;
    const opened = await this.#open().catch((cause: unknown) => fail('not_kept', messageOf(cause), cause));
    if (opened.ok || this.#isStopped) {
      this.#trouble = undefined;
      return this.#ready.resolve(opened.ok ? opened.value : undefined);
    }
    this.#trouble = `orders of controllers wait for the disk: ${opened.public}`;
    log('error', 'orders of controllers cannot be taken yet; tried again', { error: opened.public });
    link.reportSoon();
    this.#cancelOpen = clock.after(OPEN_AGAIN, () => void this.#begin());
  }

  async #open(): Promise<Result<Sitting, 'not_kept'>> {
    const { records, link, reader = envelopeReader } = this.#deps;
    const clock = () => ({ now: this.#deps.clock.now(), isSet: this.#isClockSet() });
    const opened = await OrderBench.open({ records, reader, clock }, link.identity);
    if (!opened.ok) return opened;
    if (this.#isStopped) return fail('not_kept', 'it was stopped');
    const { bench, commands, isOtherFleet } = opened.value;
    const { lists } = this.#deps.desk;
    for (const name of isOtherFleet ? [...lists.all().keys()] : []) await lists.withdraw(name);
    const sitting = this.#sit(bench);
    try {
      await bench.forget();
      await sitting.desired.resume();
      await sitting.waiting.resume();
    } catch (cause) {
      leave(sitting);
      throw cause;
    }
    if (this.#isStopped) return { ok: true, value: sitting };
    this.#sitting = sitting;
    sitting.commands.resume(commands.filter(({ kept }) => !isOver(kept.keptUntil, bench)));
    this.#scheduleForget(bench);
    if (this.#up !== undefined) sitting.desired.opened();
    link.reportSoon();
    return { ok: true, value: sitting };
  }

  #sit(bench: OrderBench): Sitting {
    const { link, desk, records, clock, random, log } = this.#deps;
    const results = new Results({ bench, address: link.identity, send: (...message) => link.send(...message), log });
    const broker = () => this.#up?.broker ?? '';
    const reportSoon = () => link.reportSoon();
    const again = (envelope: Uint8Array) => this.#judge(envelope);
    return {
      bench,
      results,
      commands: new Commands({
        bench,
        results,
        desk,
        replay: (order) => link.replay(order),
        nonce: () => this.#sitting?.desired.nonce,
        up: () => this.#up,
        clock,
        log,
      }),
      desired: new DesiredKeeper({
        bench,
        desk,
        reconnect: () => link.reconnect(),
        reportSoon,
        broker,
        again: (envelope) => void again(envelope),
        clock,
        random,
        log,
      }),
      lists: new Lists({ bench, parts: this.#parts, desk, reportSoon, broker, clock, log }),
      waiting: new Waiting({ records, clock, isSet: () => this.#isClockSet(), again, log }),
    };
  }

  /** No appliance was ever certified in the future: a clock that is before that was not set since power came. */
  #isClockSet(): boolean {
    const { isClockSet, clock, link } = this.#deps;
    return isClockSet?.() ?? clock.now() + SKEW >= validityOf(link.identity).from;
  }

  /** Never rejects. */
  async #judge(envelope: Uint8Array): Promise<void> {
    const sitting = await this.#ready.promise;
    if (sitting === undefined) return;
    await this.#turns
      .run(async () => {
        if (!this.#isStopped) await this.#verdict(envelope, sitting);
      })
      .catch((cause: unknown) => {
        this.#deps.log('error', 'an order could not be taken', { error: messageOf(cause) });
      });
  }

  async #verdict(envelope: Uint8Array, sitting: Sitting): Promise<void> {
    const { bench, waiting } = sitting;
    await bench.follow(this.#deps.link.identity);
    const verdict = bench.judge(envelope);
    switch (verdict.kind) {
      case 'known':
        return;
      case 'waiting':
        return this.#wait(verdict.order, await waiting.put(verdict.digest, envelope), sitting);
      case 'refused':
        if (verdict.code === 'unknown_key') this.#early.put(envelope);
        return this.#refused(verdict);
      case 'accepted':
        return this.#accepted(verdict, envelope, sitting);
    }
  }

  /** What cannot be kept until the clock is set is answered where it does not come again by itself. */
  #wait({ kind, id }: Order, put: Awaited<ReturnType<Waiting['put']>>, { results }: Sitting): void {
    if (put.ok || kind !== 'command') return;
    const { code, public: text } = put;
    results.say({ id, state: 'refused', text, code, at: this.#deps.clock.now(), detail: new Uint8Array(0) });
  }

  async #accepted(verdict: Accepted, envelope: Uint8Array, sitting: Sitting): Promise<void> {
    const { order } = verdict;
    this.#taken++;
    switch (order.kind) {
      case 'command':
        return sitting.commands.take(order, verdict.signers);
      case 'desired':
        return sitting.desired.take(verdict, envelope);
      case 'list':
        return sitting.lists.take(verdict);
      case 'keys':
        return this.#rotate(order, verdict.signers[0].name, sitting.bench);
      case 'lease':
        throw new Error('the judge lets no lease through to an appliance');
    }
  }

  /** The whole set in one write: there is no moment with half of it. */
  async #rotate({ id, generation, keys }: OrderOf<'keys'>, signer: string, bench: OrderBench): Promise<void> {
    const { desk, link, log } = this.#deps;
    const written = await bench.write({ ring: { generation, keys: keys.keys } });
    if (!written.ok) return log('error', 'a key set cannot be kept', { error: written.public });
    await desk.audit({
      action: 'order_keys',
      target: `generation ${generation}`,
      actor: signer,
      details: { keys: keys.keys.map(({ name }) => name).join(' ') },
      order: id,
      isRefused: false,
      broker: this.#up?.broker ?? '',
    });
    link.reportSoon();
    for (const envelope of this.#early.take()) void this.#judge(envelope);
  }

  async #refused(refusal: Refused): Promise<void> {
    const { clock, desk } = this.#deps;
    const note = this.#refusals.note(refusal, clock.now(), this.#up?.broker ?? '');
    if (note !== undefined) await desk.audit(note);
    const { order, text, code } = refusal;
    const results = this.#sitting?.results;
    const answer = answerTo(refusal);
    if (order === undefined || results === undefined || answer === 'none') return;
    if (answer === 'kept') return results.again(order.id);
    results.say({ id: order.id, state: 'refused', text, code, at: clock.now(), detail: new Uint8Array(0) });
  }

  #scheduleForget(bench: OrderBench): void {
    this.#cancelForget = this.#deps.clock.after(FORGET_EVERY, () => {
      void this.#turns.run(async () => {
        await bench.forget();
        if (!this.#isStopped) this.#scheduleForget(bench);
      });
    });
  }
}

/** Nothing of it is done any more. */
function leave({ bench, commands, desired, lists, waiting }: Sitting): void {
  waiting.stop();
  commands.stop();
  desired.stop();
  lists.stop();
  bench.close();
}

const isOver = (keptUntil: CommandRecord['kept']['keptUntil'], bench: OrderBench): boolean => keptUntil <= bench.floor;

const unsigned = (text: string): Refused => ({
  kind: 'refused',
  code: 'too_long',
  text,
  signer: undefined,
  order: undefined,
});
