import type { Id } from '../../../core/base/ids.ts';
import type { Log } from '../../../core/base/ports.ts';
import type { Result } from '../../../core/base/result.ts';
import type { OrderResult } from '../../../core/link/order.ts';
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

/** Publishes what came of orders, until a broker has it. */
export class Results {
  readonly #deps: ResultsDeps;
  /** Final results that no broker has. */
  readonly #untold = new Set<Id>();
  readonly #underWay = new Set<Id>();

  constructor(deps: ResultsDeps) {
    this.#deps = deps;
  }

  get untold(): number {
    return this.#untold.size;
  }

  /** A result that is written down. */
  async tell(id: Id): Promise<void> {
    this.#untold.add(id);
    await this.#try(id);
  }

  /** One that is not: whoever ordered asks again if it is lost. */
  async say(result: OrderResult): Promise<void> {
    await this.#publish(result);
  }

  /** A connection stands. */
  async opened(): Promise<void> {
    for (const id of [...this.#untold]) await this.#try(id);
  }

  /** What is known of a command that came again. */
  async again(id: Id): Promise<void> {
    const record = await this.#deps.bench.recordOf(id);
    if (record === undefined || this.#underWay.has(id)) return;
    await this.#publish(await this.#resultOf(record));
  }

  async #try(id: Id): Promise<void> {
    if (this.#underWay.has(id)) return;
    this.#underWay.add(id);
    try {
      const { bench } = this.#deps;
      const record = await bench.recordOf(id);
      if (record === undefined) this.#untold.delete(id);
      if (record === undefined || !(await this.#publish(await this.#resultOf(record)))) return;
      // Not told twice for a disk that refuses: it is only said again after a restart.
      this.#untold.delete(id);
      await bench.keep({ ...record, isTold: true });
    } finally {
      this.#underWay.delete(id);
    }
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
