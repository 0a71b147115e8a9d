import type { Clock, Log } from '../../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../../core/base/result.ts';
import { type Millis, millis, minutes, seconds } from '../../../core/base/time.ts';
import { Turns } from '../../../core/base/turns.ts';
import type { Taken } from '../../../core/link/generations.ts';
import type { Accepted } from '../../../core/link/judge.ts';
import type { ListManifest, ListPart } from '../../../core/link/list.ts';
import { lineOf } from '../../../core/link/order.ts';
import type { HeldList } from '../../../core/link/order-books.ts';
import type { ListState } from '../../../core/link/reported.ts';
import type { ListColumns } from '../../../core/respond/lists/columns.ts';
import type { OrderBench } from './bench.ts';
import type { OrdersDesk } from './desk.ts';
import { changedBy, MOST_ENTRIES, wholeOf } from './list-reading.ts';
import type { Parts } from './parts.ts';

/** Bytes of all parts together. */
const LONGEST_WHOLE = 64 * 1024 * 1024;
/** Lists of one fleet. */
const MOST_LISTS = 32;
/** Before one that came to nothing is tried again; twice as long each time. */
const FIRST_PAUSE: Millis = seconds(10);
const LONGEST_PAUSE: Millis = minutes(30);

export interface ListsDeps {
  readonly bench: OrderBench;
  readonly parts: Pick<Parts, 'fetch'>;
  readonly desk: Pick<OrdersDesk, 'lists' | 'audit'>;
  readonly reportSoon: () => void;
  readonly broker: () => string;
  readonly clock: Clock;
  readonly log: Log;
}

interface Manifest {
  readonly list: ListManifest;
  readonly taken: Taken;
  readonly key: string;
  /** Times that it came to nothing. */
  readonly failures: number;
}

/**
 * Brings lists of the fleet into force, one at a time and each generation whole. Which one was taken is written down after it is in
 * force: what was cut off in between comes again with the next connection, since the broker keeps the manifest. One that comes to
 * nothing is tried again, but where its content is not what was signed; and whatever came of it, none that is older is wanted.
 */
export class Lists {
  readonly #deps: ListsDeps;
  readonly #turns = new Turns();
  /** The newest of each name that was ordered. */
  readonly #wanted = new Map<string, Manifest>();
  /** The newest generation of each that was ordered since the start, and the one that came into force. */
  readonly #newest = new Map<string, number>();
  readonly #brought = new Map<string, number>();
  readonly #retries = new Map<string, () => void>();
  #isStopped = false;
  readonly #troubles = new Map<string, string>();

  constructor(deps: ListsDeps) {
    this.#deps = deps;
  }

  /** As they are reported. */
  states(): readonly ListState[] {
    const held = this.#deps.desk.lists.all();
    const names = new Set([...held.keys(), ...this.#troubles.keys()]);
    return [...names].sort().map((name) => ({
      name,
      generation: held.get(name)?.generation ?? 0,
      entries: held.get(name)?.entries ?? 0,
      trouble: this.#troubles.get(name) ?? '',
    }));
  }

  /** An order that the judge accepted. */
  take({ order, digest, signers: [signer] }: Accepted): void {
    if (order.kind !== 'list') return;
    const { list, generation } = order;
    const { desk, log } = this.#deps;
    // What is in force need not have been written down.
    const newest = Math.max(this.#newest.get(list.name) ?? 0, desk.lists.all().get(list.name)?.generation ?? 0);
    if (generation < newest) {
      log('warn', 'a list of the fleet is older than one that came before', { list: list.name, generation });
      return;
    }
    this.#newest.set(list.name, generation);
    this.#queue({ list, taken: { generation, order: digest }, key: signer.name, failures: 0 });
  }

  #queue(manifest: Manifest): void {
    const { name } = manifest.list;
    this.#retries.get(name)?.();
    this.#retries.delete(name);
    this.#wanted.set(name, manifest);
    void this.#turns
      .run(() => this.#bring(manifest))
      .catch((cause: unknown) => this.#fail(manifest, { code: 'failed', public: messageOf(cause) }));
  }

  /** Nothing is tried again any more. */
  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#retries.values()) cancel();
  }

  /** Resolves when nothing is under way. */
  settled(): Promise<void> {
    return this.#turns.run(async () => {});
  }

  async #bring(manifest: Manifest): Promise<void> {
    const { list, taken, key } = manifest;
    if (this.#isStopped || this.#wanted.get(list.name) !== manifest) return;
    this.#wanted.delete(list.name);
    // One that came again while it was on its way.
    if ((this.#brought.get(list.name) ?? 0) >= taken.generation) return;
    const { bench, desk, broker, reportSoon, clock, log } = this.#deps;
    const begun = clock.now();
    const done = list.withdrawn ? await desk.lists.withdraw(list.name) : await this.#put(list, taken);
    if (!done.ok) return this.#fail(manifest, done);
    this.#brought.set(list.name, taken.generation);
    await desk.audit({
      action: list.withdrawn ? 'order_list_withdrawn' : 'order_list',
      target: list.name,
      actor: key,
      details: { generation: taken.generation, entries: list.withdrawn ? 0 : list.entries },
      order: undefined,
      isRefused: false,
      broker: broker(),
    });
    const line = lineOf({ kind: 'list', list }) ?? '';
    const kept = await bench.advance(line, taken);
    if (!kept.ok) log('error', 'the generation of a list cannot be kept', { list: list.name, error: kept.public });
    this.#troubles.delete(list.name);
    log('info', 'what the fleet says of a list is done', { list: list.name, took_ms: clock.now() - begun });
    reportSoon();
  }

  #fail(manifest: Manifest, { code, public: why }: { readonly code: string; readonly public: string }): void {
    const { clock, log, reportSoon } = this.#deps;
    const { list, failures } = manifest;
    log('warn', 'a list of the fleet is not taken', { list: list.name, error: why });
    this.#troubles.set(list.name, why.slice(0, 200));
    reportSoon();
    // What was signed is the same however often it is fetched; and a newer one has its turn by itself.
    if (code === 'refused' || this.#isStopped || this.#wanted.has(list.name)) return;
    const pause = millis(Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(failures, 20)));
    const again = () => this.#queue({ ...manifest, failures: failures + 1 });
    this.#retries.set(list.name, clock.after(pause, again));
  }

  async #put(list: ListManifest, { generation }: Taken): Promise<Result<void, string>> {
    const { lists } = this.#deps.desk;
    const trouble = troubleOf(list);
    if (trouble !== undefined) return fail('refused', trouble);
    if (!lists.all().has(list.name) && lists.all().size >= MOST_LISTS) {
      return fail('failed', `${MOST_LISTS} lists of the fleet are taken`);
    }
    const { purpose, contentSha256, entries } = list;
    const there = lists.all().get(list.name);
    const held: HeldList = { purpose, generation, contentSha256, entries };
    const columns = await this.#columns(list, there, lists.columnsOf(list.name));
    return columns.ok ? lists.put(list.name, held, columns.value) : columns;
  }

  /** By a difference where there is one to what is in force, else the whole. */
  async #columns(
    list: ListManifest,
    there: HeldList | undefined,
    before: ListColumns | undefined,
  ): Promise<Result<ListColumns, string>> {
    if (there !== undefined && before !== undefined) {
      if (there.contentSha256 === list.contentSha256) return ok(before);
      const delta = list.deltas.find(({ fromSha256 }) => fromSha256 === there.contentSha256);
      const part = delta && (await this.#deps.parts.fetch(delta.part));
      const columns = part?.ok ? await changedBy(list, before, part.value) : undefined;
      if (columns?.ok) return columns;
      if (columns !== undefined)
        this.#deps.log('warn', 'a difference is no good', { list: list.name, error: columns.public });
    }
    const parts = await this.#fetchAll(list.whole);
    return parts.ok ? wholeOf(list, parts.value) : parts;
  }

  async #fetchAll(whole: readonly ListPart[]): Promise<Result<readonly Uint8Array[], string>> {
    const parts: Uint8Array[] = [];
    for (const part of whole) {
      const came = await this.#deps.parts.fetch(part);
      if (!came.ok) return came;
      parts.push(came.value);
    }
    return ok(parts);
  }
}

/** Why a list is not even fetched. */
function troubleOf(list: ListManifest): string | undefined {
  if (list.entries > MOST_ENTRIES) return `it has ${list.entries} entries, at most ${MOST_ENTRIES} are taken`;
  const length = list.whole.reduce((sum, { bytes }) => sum + bytes, 0);
  return length > LONGEST_WHOLE ? 'its parts are too long together' : undefined;
}
