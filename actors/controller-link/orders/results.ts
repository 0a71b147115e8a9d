import type { Id } from '../../../core/base/ids.ts';
import type { Log } from '../../../core/base/ports.ts';
import { messageOf, type Result } from '../../../core/base/result.ts';
import { Turns } from '../../../core/base/turns.ts';
import type { Command, OrderResult } from '../../../core/link/order.ts';
import type { CommandRecord } from '../../../core/link/order-books.ts';
import { type ApplianceAddress, topicOf } from '../../../core/link/topics.ts';
import { encodeResult } from '../../link-wire/index.ts';
import type { Outgoing, Priority, SendFailure } from '../port.ts';
import type { OrderBench } from './bench.ts';

export interface ResultsDeps {
  readonly bench: OrderBench;
  readonly address: ApplianceAddress;
  readonly send: (message: Outgoing, priority: Priority) => Promise<Result<void, SendFailure>>;
  readonly log: Log;
}

const NOTHING = new Uint8Array(0);
/** Its results are megabytes long, and read from the disk one at a time. */
const LENGTHY: Command['kind'] = 'diagnostics';

/**
 * Publishes what came of orders, until a broker has it. Nobody waits for that: a broker that acknowledges one of them late, or
 * never, holds up no order.
 */
export class Results {
  readonly #deps: ResultsDeps;
  /** Final results that no broker has. */
  readonly #untold = new Set<Id>();
  readonly #underWay = new Set<Id>();
  /** Answers to commands that came again. */
  readonly #answering = new Set<Id>();
  readonly #saying = new Set<Id>();
  readonly #lengthy = new Turns();

  constructor(deps: ResultsDeps) {
    this.#deps = deps;
  }

  get untold(): number {
    return this.#untold.size;
  }

  /** A result that is written down. */
  tell(id: Id): void {
    this.#untold.add(id);
    this.#try(id);
  }

  /** One that is not: whoever ordered asks again if it is lost. However often the order comes, it waits for its broker once. */
  say(result: OrderResult): void {
    this.#once(this.#saying, result.id, async () => {
      await this.#publish(result);
    });
  }

  /** A connection stands. */
  opened(): void {
    for (const id of [...this.#untold]) this.#try(id);
  }

  /** What is known of a command that came again. */
  again(id: Id): void {
    if (this.#underWay.has(id)) return;
    this.#once(this.#answering, id, async () => {
      const record = await this.#deps.bench.recordOf(id);
      if (record !== undefined) await this.#deliver(record);
    });
  }

  #try(id: Id): void {
    this.#once(this.#underWay, id, async () => {
      const { bench } = this.#deps;
      const record = await bench.recordOf(id);
      if (record === undefined) this.#untold.delete(id);
      if (record === undefined || !(await this.#deliver(record))) return;
      // Not told twice for a disk that refuses: it is only said again after a restart.
      this.#untold.delete(id);
      await bench.keep({ ...record, isTold: true });
    });
  }

  /** One at a time of each id. */
  #once(ids: Set<Id>, id: Id, work: () => Promise<void>): void {
    if (ids.has(id)) return;
    ids.add(id);
    void work()
      .catch((cause: unknown) => {
        this.#deps.log('error', 'a result could not be told', { order: id, error: messageOf(cause) });
      })
      .finally(() => ids.delete(id));
  }

  /** @returns whether a broker has it, or never will */
  async #deliver(record: CommandRecord): Promise<boolean> {
    const publish = async () => this.#publish(await this.#resultOf(record));
    return record.command.kind === LENGTHY ? this.#lengthy.run(publish) : publish();
  }

  async #resultOf({ kept: { id }, result, acceptedAt }: CommandRecord): Promise<OrderResult> {
    if (result === undefined) return { id, state: 'accepted', text: '', at: acceptedAt, code: '', detail: NOTHING };
    return { id, ...result, detail: await this.#deps.bench.detailOf(id) };
  }

  /** @returns whether a broker has it, or never will */
  async #publish(result: OrderResult): Promise<boolean> {
    const { address, send, log } = this.#deps;
    const encoded = encodeResult(result);
    const topic = topicOf(address, { kind: 'result', id: result.id });
    const sent = encoded.ok
      ? await send({ topic, payload: encoded.value, message: 'Result' }, 'result')
      : ({ ok: false, code: 'too_large', public: encoded.public } as const);
    if (sent.ok) return true;
    if (sent.code !== 'too_large' && sent.code !== 'refused') return false;
    log('warn', 'the broker does not take a result', { order: result.id, reason: sent.public });
    // What is refused for other reasons than its length is tried again over the next connection.
    if (result.detail.length === 0) return sent.code === 'too_large';
    return this.#publish({
      ...result,
      text: `${result.text}; its detail is too large for the broker`,
      detail: NOTHING,
    });
  }
}
