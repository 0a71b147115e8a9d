import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { millis } from '../../core/base/time.ts';
import type { ReplayCommand } from '../../core/link/order.ts';
import { BATCH_BYTES, BATCH_ITEMS } from '../../core/link/outbox.ts';
import { MOST_REPLAYED } from '../../core/link/positions.ts';
import type { StreamName } from '../../core/link/stream.ts';
import { batchBytes, itemBytes, partsOf } from '../link-wire/index.ts';
import type { StreamSource } from './feed.ts';
import type { Carrier, Outbox } from './outbox.ts';

export type ReplayFailure = 'unknown_epoch' | 'out_of_range' | 'failed' | 'stopped';

export interface ReplayDeps {
  readonly outbox: Outbox;
  readonly carrier: Carrier;
  readonly sources: readonly StreamSource[];
  readonly topic: (stream: StreamName) => string;
  /** Resolves when there is a connection again; `false`: there will be none. */
  readonly up: () => Promise<boolean>;
}

/** Messages of one replay that wait for the broker's word. */
const AT_ONCE = 4;

/** Sends a part of a stream again, behind everything else; waits for the link where it is down. */
export class Replays {
  readonly #deps: ReplayDeps;

  constructor(deps: ReplayDeps) {
    this.#deps = deps;
  }

  /** @returns how many numbers the broker has got */
  async replay({
    stream,
    epoch,
    from,
    to,
  }: Omit<ReplayCommand, 'kind'>): Promise<Result<{ readonly numbers: number }, ReplayFailure>> {
    const { outbox, sources } = this.#deps;
    if (from < 1 || to < from || to - from > MOST_REPLAYED) return fail('out_of_range', 'these are no numbers');
    const judged = outbox.judge(stream, epoch, to);
    if (!judged.ok) return judged;
    const source = sources.find((one) => one.stream === stream);
    try {
      const bodies =
        source === undefined
          ? heldBodies(outbox, stream, from, to)
          : this.#again(source, { epoch, shift: judged.value.shift, from, to });
      return await this.#send(stream, bodies, to - from + 1);
    } catch (cause) {
      return fail('failed', `the records cannot be read: ${messageOf(cause)}`, cause);
    }
  }

  async #send(
    stream: StreamName,
    bodies: AsyncIterable<Uint8Array>,
    numbers: number,
  ): Promise<Result<{ readonly numbers: number }, ReplayFailure>> {
    let sending: Promise<Result<void, ReplayFailure>>[] = [];
    for await (const body of bodies) {
      sending.push(this.#untilSent(stream, body));
      if (sending.length < AT_ONCE) continue;
      const failed = (await Promise.all(sending)).find((one) => !one.ok);
      if (failed !== undefined && !failed.ok) return failed;
      sending = [];
    }
    const failed = (await Promise.all(sending)).find((one) => !one.ok);
    return failed !== undefined && !failed.ok ? failed : ok({ numbers });
  }

  async #untilSent(stream: StreamName, body: Uint8Array): Promise<Result<void, ReplayFailure>> {
    const { carrier, topic, up } = this.#deps;
    const name = topic(stream);
    while (await up()) {
      const most = carrier.largestPayload(name);
      const parts = body.length <= most ? [body] : partsOf(body, { most, isReplayed: true }).map(({ bytes }) => bytes);
      const sent = await Promise.all(
        parts.map((payload) => carrier.send({ topic: name, payload, message: 'StreamBatch' }, 'replay')),
      );
      const failed = sent.find((one) => !one.ok);
      if (failed === undefined || failed.ok) return ok(undefined);
      if (failed.code === 'refused' || failed.code === 'too_large') return fail('failed', failed.public);
    }
    return fail('stopped', 'the link is stopped');
  }

  /** From the appliance's own records, under their numbers. */
  async *#again(
    source: StreamSource,
    {
      epoch,
      shift,
      from,
      to,
    }: { readonly epoch: string; readonly shift: number; readonly from: number; readonly to: number },
  ): AsyncGenerator<Uint8Array> {
    let next = from;
    while (next <= to) {
      const rows = (await source.after(next - 1 - shift, BATCH_ITEMS)).filter(({ serial }) => serial + shift <= to);
      const number = next;
      const items: Uint8Array[] = [];
      let bytes = 0;
      const until = rows.length === 0 ? to : undefined;
      const skip = (end: number): void => {
        if (end < next) return;
        const gap = { count: end - next + 1, reason: 'lost' as const, oldestAt: millis(0), newestAt: millis(0) };
        items.push(itemBytes({ kind: 'gap', gap }));
        next = end + 1;
      };
      if (until !== undefined) skip(until);
      for (const { serial, item } of rows) {
        const encoded = itemBytes(item);
        if (items.length > 0 && bytes + encoded.length > BATCH_BYTES) break;
        skip(serial + shift - 1);
        items.push(encoded);
        bytes += encoded.length;
        next = serial + shift + 1;
      }
      yield batchBytes({ epoch, number, isReplayed: true }, items);
    }
  }
}

async function* heldBodies(outbox: Outbox, stream: StreamName, from: number, to: number): AsyncGenerator<Uint8Array> {
  for await (const { bytes } of outbox.held(stream, from, to)) yield bytes;
}
