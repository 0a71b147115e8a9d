import { type Id, idFloor } from '../../core/base/ids.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { days, type Millis, millis, minutes } from '../../core/base/time.ts';
import { type CommandRecord, commands } from '../../core/controller/records.ts';
import type { Command, OrderResult } from '../../core/link/order.ts';
import { isFinal, settledResult } from '../../core/link/results.ts';
import type { Records } from '../store/index.ts';
import { Counted } from './counted.ts';
import type { Happenings } from './happenings.ts';
import type { SigningKey } from './key-folder.ts';
import type { Leaving, Outgoing } from './outgoing.ts';
import type { Press, Pressed } from './press.ts';

export interface CommandsDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly records: Records;
  readonly happenings: Happenings;
  readonly press: Press;
  readonly outgoing: Outgoing;
  /** Keeps what came of a command where that is data. */
  readonly keepDetail: (id: Id, detail: Uint8Array) => Promise<void>;
  /** Removes what came of commands before that id. */
  readonly forgetDetails: (before: Id) => Promise<void>;
}

interface Heard {
  readonly serial: string;
  readonly result: OrderResult;
}

/** What is believed of a command from now on; no record: it is none of this fleet's controllers. */
interface Settled extends Heard {
  readonly record: CommandRecord | undefined;
}

/** Commands are kept for the record so long. */
const KEPT = days(30);
const SWEEP = minutes(10);
/** From the first result that arrives to the batch of them. */
const SOON = millis(50);
const AT_ONCE = 200;

/** Sends commands and takes what becomes of them. */
export class Commands {
  readonly #deps: CommandsDeps;
  /** Those that somebody waits for, and those of the last minutes; the rest is in the store. */
  readonly #waiters = new Map<Id, ((result: OrderResult) => void)[]>();
  readonly #astray = new Counted();
  #heard: Heard[] = [];
  #taking: Promise<void> = Promise.resolve();
  #cancel: (() => void) | undefined;
  #cancelTaking: (() => void) | undefined;

  constructor(deps: CommandsDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#cancel = this.#deps.clock.after(SWEEP, () => {
      void this.#sweep();
      this.start();
    });
  }

  /** Resolves when what arrived is written down. */
  async stop(): Promise<void> {
    this.#cancel?.();
    this.#cancelTaking?.();
    this.#takeSoon();
    await this.#taking;
  }

  /** Signs one for each, writes them down, then publishes them. @returns their ids by serial */
  async send(
    serials: readonly string[],
    command: Command | ((serial: string) => Command | undefined),
    { signer, stands, about }: { readonly signer: SigningKey; readonly stands?: Millis; readonly about: string },
  ): Promise<Result<ReadonlyMap<string, Id>, 'refused' | 'failed'>> {
    const { press, records, clock, outgoing } = this.#deps;
    const pressed: Pressed[] = [];
    for (const serial of serials) {
      const what = typeof command === 'function' ? command(serial) : command;
      if (what === undefined) continue;
      const one = press.command({ kind: 'command', command: what }, serial, signer, stands);
      if (!one.ok) return one;
      pressed.push(one.value);
    }
    const leaving = pressed.map(leavingOf);
    const kept = await records.write(
      async (writes) => {
        for (const one of leaving) await outgoing.keep(writes, one);
        for (const { order } of pressed) {
          const record: CommandRecord = {
            appliance: order.appliance,
            verb: order.kind === 'command' ? order.command.kind : order.kind,
            about,
            key: signer.name,
            at: clock.now(),
            notAfter: order.notAfter,
          };
          await writes.put(commands, [order.id], record);
        }
      },
      { sync: true },
    );
    if (!kept.ok) return fail('failed', kept.public);
    void outgoing.publish(leaving);
    return ok(new Map(pressed.map(({ order }) => [order.appliance, order.id])));
  }

  /** Resolves with the final result, or what there is when the time is over. */
  async result(id: Id, within: Millis): Promise<OrderResult | undefined> {
    if (within > 0) {
      const arrived = await new Promise<OrderResult | undefined>((tell) => {
        const cancel = this.#deps.clock.after(within, () => {
          this.#forget(id, done);
          tell(undefined);
        });
        const done = (result: OrderResult): void => {
          if (!isFinal(result)) return;
          cancel();
          this.#forget(id, done);
          tell(result);
        };
        this.#waiters.set(id, [...(this.#waiters.get(id) ?? []), done]);
        // It may have come before anybody waited.
        this.#known(id).then(
          (result) => result !== undefined && done(result),
          (cause: unknown) => this.#deps.log('error', 'a command cannot be read', { id, cause: messageOf(cause) }),
        );
      });
      if (arrived !== undefined) return arrived;
    }
    return await this.#known(id);
  }

  /** Takes a result that arrived, with those that come at the same time. What is no command of this fleet's controllers is passed over. */
  arrived(serial: string, result: OrderResult): void {
    this.#heard.push({ serial, result });
    this.#cancelTaking ??= this.#deps.clock.after(SOON, () => this.#takeSoon());
  }

  #takeSoon(): void {
    const heard = this.#heard;
    this.#heard = [];
    this.#cancelTaking = undefined;
    for (let i = 0; i < heard.length; i += AT_ONCE) {
      const some = heard.slice(i, i + AT_ONCE);
      this.#taking = this.#taking
        .then(() => this.#take(some))
        .catch((cause: unknown) => {
          const about = { results: some.length, cause: messageOf(cause) };
          this.#deps.log('error', 'results were not written down', about);
        });
    }
  }

  /** Nobody is told of a result that is not written down. */
  async #take(some: readonly Heard[]): Promise<void> {
    const { records, outgoing, happenings } = this.#deps;
    const found = await Promise.all(some.map(({ result }) => records.get(commands, [result.id])));
    const news = await Promise.all(this.#settled(some, found).map((one) => this.#withDetail(one)));
    const kept = await records.write(async (writes) => {
      for (const { record, result } of news) {
        if (record === undefined) continue;
        const { id, detail, ...facts } = result;
        await writes.put(commands, [id], { ...record, result: { ...facts, detailBytes: detail.length } });
        await outgoing.drop(writes, { kind: 'cmd', name: id });
      }
    });
    if (!kept.ok) throw new Error(kept.public);
    for (const { serial, record, result } of news) {
      const { id, state, code, text } = result;
      happenings.tell({ kind: 'result', serial, id, verb: record?.verb ?? 'order', state, code, text });
      for (const waiter of this.#waiters.get(id) ?? []) waiter(result);
    }
  }

  /** Those that are news, in their order. */
  #settled(some: readonly Heard[], found: readonly (CommandRecord | undefined)[]): readonly Settled[] {
    const { clock, log } = this.#deps;
    const latest = new Map<Id, OrderResult>();
    return some.flatMap(({ serial, result }, i) => {
      const { id } = result;
      const record = found[i];
      if (record !== undefined && record.appliance !== serial) {
        if (this.#astray.isNews('result', clock.now())) log('warn', 'a result is of another appliance', { serial, id });
        return [];
      }
      const known = latest.get(id) ?? (record?.result === undefined ? undefined : resultOf(id, record.result));
      const settled = settledResult(known, result);
      latest.set(id, settled);
      return settled === known ? [] : [{ serial, record, result: settled }];
    });
  }

  /** What came of it is on disk, or it says that it is not: an order is done all the same. */
  async #withDetail(settled: Settled): Promise<Settled> {
    const { record, result } = settled;
    if (record === undefined || result.detail.length === 0) return settled;
    try {
      await this.#deps.keepDetail(result.id, result.detail);
      return settled;
    } catch (cause) {
      this.#deps.log('error', 'what came of a command was not kept', { id: result.id, cause: messageOf(cause) });
      const text = [result.text, 'its data could not be kept here'].filter((part) => part !== '').join('; ');
      return { ...settled, result: { ...result, text, detail: NO_DETAIL } };
    }
  }

  async #known(id: Id): Promise<OrderResult | undefined> {
    const record = await this.#deps.records.get(commands, [id]);
    return record?.result === undefined ? undefined : resultOf(id, record.result);
  }

  #forget(id: Id, waiter: (result: OrderResult) => void): void {
    const left = (this.#waiters.get(id) ?? []).filter((one) => one !== waiter);
    if (left.length === 0) this.#waiters.delete(id);
    else this.#waiters.set(id, left);
  }

  async #sweep(): Promise<void> {
    const { records, clock, log, forgetDetails } = this.#deps;
    const floor = idFloor(millis(clock.now() - KEPT));
    try {
      const old: string[] = [];
      for await (const [[id]] of records.list(commands, [], { limit: 5000 })) if (id < floor) old.push(id);
      await records.write(async (writes) => {
        for (const id of old) await writes.delete(commands, [id]);
      });
      await forgetDetails(floor);
    } catch (cause) {
      log('error', 'old commands could not be removed', { cause: messageOf(cause) });
    }
  }
}

const leavingOf = ({ order, bytes }: Pressed): Leaving => ({
  kind: 'cmd',
  name: order.id,
  serial: order.appliance,
  order: order.id,
  payload: bytes,
  until: order.notAfter,
});
const NO_DETAIL = new Uint8Array(0);
const resultOf = (id: Id, { detailBytes: _, ...facts }: NonNullable<CommandRecord['result']>): OrderResult => ({
  id,
  ...facts,
  detail: NO_DETAIL,
});
