import { type Id, idFloor } from '../../core/base/ids.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { days, type Millis, millis, minutes } from '../../core/base/time.ts';
import { type CommandRecord, commands } from '../../core/controller/records.ts';
import { type Command, type OrderResult, SKEW } from '../../core/link/order.ts';
import { isFinal, settledResult } from '../../core/link/results.ts';
import { topicOf } from '../../core/link/topics.ts';
import type { Records } from '../store/index.ts';
import type { BrokerLink } from './broker-link.ts';
import { Counted } from './counted.ts';
import type { Happenings } from './happenings.ts';
import type { SigningKey } from './key-folder.ts';
import type { Press, Pressed } from './press.ts';

export interface CommandsDeps {
  readonly tenant: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly records: Records;
  readonly happenings: Happenings;
  readonly press: Press;
  readonly link: () => BrokerLink;
  /** Keeps what came of a command where that is data. */
  readonly keepDetail: (id: Id, detail: Uint8Array) => Promise<void>;
}

/** Commands are kept for the record so long. */
const KEPT = days(30);
const SWEEP = minutes(10);

/** Sends commands and takes what becomes of them. */
export class Commands {
  readonly #deps: CommandsDeps;
  /** Those that somebody waits for, and those of the last minutes; the rest is in the store. */
  readonly #waiters = new Map<Id, ((result: OrderResult) => void)[]>();
  readonly #astray = new Counted();
  #cancel: (() => void) | undefined;

  constructor(deps: CommandsDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#cancel = this.#deps.clock.after(SWEEP, () => {
      void this.#sweep();
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
  }

  /** Signs one for each, writes them down, then publishes them. @returns their ids by serial */
  async send(
    serials: readonly string[],
    command: Command | ((serial: string) => Command | undefined),
    { signer, stands, about }: { readonly signer: SigningKey; readonly stands?: Millis; readonly about: string },
  ): Promise<Result<ReadonlyMap<string, Id>, 'refused' | 'failed'>> {
    const { press, records, clock } = this.#deps;
    const pressed: Pressed[] = [];
    for (const serial of serials) {
      const what = typeof command === 'function' ? command(serial) : command;
      if (what === undefined) continue;
      const one = press.command({ kind: 'command', command: what }, serial, signer, stands);
      if (!one.ok) return one;
      pressed.push(one.value);
    }
    const kept = await records.write(
      async (writes) => {
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
    for (const one of pressed) this.#publish(one);
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
        void this.#known(id).then((result) => result !== undefined && done(result));
      });
      if (arrived !== undefined) return arrived;
    }
    return await this.#known(id);
  }

  /** Takes a result that arrived. What is no command of this fleet's controllers is passed over. */
  async arrived(serial: string, result: OrderResult): Promise<void> {
    const { records, happenings, keepDetail, log, clock } = this.#deps;
    const record = await records.get(commands, [result.id]);
    if (record !== undefined && record.appliance !== serial) {
      const isNews = this.#astray.isNews('result', clock.now());
      if (isNews) log('warn', 'a result is of another appliance', { serial, id: result.id });
      return;
    }
    const known = record?.result === undefined ? undefined : resultOf(result.id, record.result);
    const settled = settledResult(known, result);
    if (settled === known) return;
    if (record !== undefined) {
      if (settled.detail.length > 0) await keepDetail(settled.id, settled.detail);
      const { id: _, detail, ...facts } = settled;
      await records.write((writes) =>
        writes.put(commands, [settled.id], { ...record, result: { ...facts, detailBytes: detail.length } }),
      );
    }
    const { id, state, code, text } = settled;
    happenings.tell({ kind: 'result', serial, id, verb: record?.verb ?? 'order', state, code, text });
    for (const waiter of this.#waiters.get(result.id) ?? []) waiter(settled);
  }

  async #known(id: Id): Promise<OrderResult | undefined> {
    const record = await this.#deps.records.get(commands, [id]);
    return record?.result === undefined ? undefined : resultOf(id, record.result);
  }

  #publish({ bytes, order }: Pressed): void {
    const { link, tenant, log, clock } = this.#deps;
    const topic = topicOf({ tenant, serial: order.appliance }, { kind: 'cmd' });
    // Beyond its end for so long an appliance with another clock would still take it.
    const expiry = millis(Math.max(1000, order.notAfter + SKEW - clock.now()));
    link()
      .publish({ topic, payload: bytes, message: 'Envelope', expiry })
      .catch((cause: unknown) => log('warn', 'a command was not published', { id: order.id, cause: messageOf(cause) }));
  }

  #forget(id: Id, waiter: (result: OrderResult) => void): void {
    const left = (this.#waiters.get(id) ?? []).filter((one) => one !== waiter);
    if (left.length === 0) this.#waiters.delete(id);
    else this.#waiters.set(id, left);
  }

  async #sweep(): Promise<void> {
    const { records, clock } = this.#deps;
    const floor = idFloor(millis(clock.now() - KEPT));
    const old: string[] = [];
    for await (const [[id]] of records.list(commands, [], { limit: 5000 })) if (id < floor) old.push(id);
    if (old.length === 0) return;
    await records.write(async (writes) => {
      for (const id of old) await writes.delete(commands, [id]);
    });
  }
}

const NO_DETAIL = new Uint8Array(0);
const resultOf = (id: Id, { detailBytes: _, ...facts }: NonNullable<CommandRecord['result']>): OrderResult => ({
  id,
  ...facts,
  detail: NO_DETAIL,
});
