import type { Clock } from '../../../core/base/ports.ts';
import { fail, ok, type Result } from '../../../core/base/result.ts';
import { type Millis, seconds } from '../../../core/base/time.ts';
import type { Hex } from '../../../core/link/hex.ts';
import type { ListPart } from '../../../core/link/list.ts';
import { listPartTopic } from '../../../core/link/topics.ts';
import { digestOf } from '../../link-wire/index.ts';
import type { OrdersLink } from '../link.ts';

/** A part that a broker has comes at once; one that it has not never does. */
const PATIENCE: Millis = seconds(120);

interface Wanted {
  readonly part: ListPart;
  readonly settle: (result: Result<Uint8Array, PartFailure>) => void;
}

/** `lost`: the connection went, or the broker has no such part. */
export type PartFailure = 'lost';

/** Fetches parts of lists from the broker, by their hash: whatever else comes under their topic is none of them. */
export class Parts {
  readonly #link: Pick<OrdersLink, 'subscribe' | 'unsubscribe'>;
  readonly #tenant: string;
  readonly #clock: Clock;
  readonly #wanted = new Map<Hex, Wanted>();

  constructor(link: Pick<OrdersLink, 'subscribe' | 'unsubscribe'>, tenant: string, clock: Clock) {
    this.#link = link;
    this.#tenant = tenant;
    this.#clock = clock;
  }

  /** One at a time of each hash. */
  async fetch(part: ListPart): Promise<Result<Uint8Array, PartFailure>> {
    const topic = listPartTopic(this.#tenant, part.sha256);
    const { promise: came, resolve: settle } = Promise.withResolvers<Result<Uint8Array, PartFailure>>();
    this.#wanted.set(part.sha256, { part, settle });
    const cancel = this.#clock.after(PATIENCE, () => settle(fail('lost', 'a part did not come')));
    // Not waited for: a broker that never answers would hold up this list and all others for good.
    void this.#link.subscribe([topic]).then((asked) => {
      if (!asked.ok) settle(fail('lost', asked.public));
    });
    const result = await came;
    this.#wanted.delete(part.sha256);
    cancel();
    void this.#link.unsubscribe([topic]);
    return result;
  }

  /** Whatever came under the topic of a part. */
  arrived(sha256: Hex, bytes: Uint8Array): void {
    const wanted = this.#wanted.get(sha256);
    if (wanted === undefined || bytes.length !== wanted.part.bytes || digestOf(bytes) !== sha256) return;
    wanted.settle(ok(bytes));
  }

  /** The connection is gone. */
  closed(): void {
    for (const { settle } of this.#wanted.values()) settle(fail('lost', 'the connection went'));
  }
}
