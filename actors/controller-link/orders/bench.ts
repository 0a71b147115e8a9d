import { fail, ok, type Result } from '../../../core/base/result.ts';
import { type Millis, millis } from '../../../core/base/time.ts';
import { Turns } from '../../../core/base/turns.ts';
import { linkCommands, linkDetails, orderBooks, orderLines, waitingOrders } from '../../../core/keys/records.ts';
import { CommandWindow, keptOf } from '../../../core/link/commands.ts';
import { type DesiredBook, NOTHING_DESIRED } from '../../../core/link/desired.ts';
import type { EnvelopeReader } from '../../../core/link/envelope.ts';
import { advanced, type Generations, type Taken } from '../../../core/link/generations.ts';
import { judge, type Verdict } from '../../../core/link/judge.ts';
import type { KeyRing, KeySet } from '../../../core/link/keys.ts';
import type { OrderOf } from '../../../core/link/order.ts';
import type { CommandRecord, OrderBook } from '../../../core/link/order-books.ts';
import type { Records, Writes } from '../../store/index.ts';

/** The one record of `orderBooks`. */
const BOOK = 'book';

/** What of an enrolment orders are judged by. */
export interface Enrolled {
  readonly tenant: string;
  readonly serial: string;
  readonly enrolledAt: Millis;
  readonly keys: KeySet;
  readonly keysGeneration: number;
}

export interface BenchDeps {
  readonly records: Records;
  readonly reader: EnvelopeReader;
  readonly clock: () => { readonly now: Millis; readonly isSet: boolean };
}

/** The disk did not take it: nothing is done that is not written down. */
export type NotKept = 'not_kept';

/** Parts of the book as they are to be, by what it says when their turn has come. */
export type BookChange = Partial<OrderBook> | ((book: OrderBook) => Partial<OrderBook>);

export interface Opened {
  readonly bench: OrderBench;
  /** In the order in which they were signed. */
  readonly commands: readonly CommandRecord[];
  /** Nothing of this fleet was known here. */
  readonly isOtherFleet: boolean;
}

/**
 * What orders are judged by, as it lies on disk: whose orders count, which were acted upon, which commands were taken. Whatever
 * changes here is on the disk first and in force afterwards. The book is written by one at a time: orders are judged while trials
 * go on, and neither undoes what the other has written.
 */
export class OrderBench {
  readonly #deps: BenchDeps;
  readonly #serial: string;
  readonly #turns = new Turns();
  #book: OrderBook;
  #lines: Generations;
  #window: CommandWindow;
  #isClosed = false;

  private constructor(
    deps: BenchDeps,
    at: { serial: string; book: OrderBook; lines: Generations; window: CommandWindow },
  ) {
    this.#deps = deps;
    this.#serial = at.serial;
    this.#book = at.book;
    this.#lines = at.lines;
    this.#window = at.window;
  }

  /**
   * As it was left. Another fleet begins with nothing of the one before; another enrolment in the same one brings its keys, and
   * what was acted upon stays so.
   */
  static async open(deps: BenchDeps, enrolled: Enrolled): Promise<Result<Opened, NotKept>> {
    const { records } = deps;
    const found = await records.get(orderBooks, [BOOK]);
    if (found !== undefined && found.tenant !== enrolled.tenant) await forget(records);
    const same = found?.tenant === enrolled.tenant ? found : undefined;
    const lines = new Map<string, Taken>();
    for await (const [[line], taken] of records.list(orderLines, [])) lines.set(line, taken);
    const commands: CommandRecord[] = [];
    for await (const [, record] of records.list(linkCommands, [])) commands.push(record);
    commands.sort((a, b) => a.kept.issuedAt - b.kept.issuedAt || (a.kept.id < b.kept.id ? -1 : 1));
    const kept = commands.map((command) => command.kept);
    const book = same ?? { ...FRESH, tenant: enrolled.tenant, enrolledAt: enrolled.enrolledAt, ring: ringOf(enrolled) };
    const window = new CommandWindow({ commands: kept, floor: book.floor });
    const bench = new OrderBench(deps, { serial: enrolled.serial, book, lines, window });
    const written = same === undefined ? await bench.write({}) : await bench.follow(enrolled);
    return written.ok ? ok({ bench, commands, isOtherFleet: same === undefined }) : written;
  }

  /** Commands that were kept until then at the latest are forgotten. */
  get floor(): Millis {
    return this.#book.floor;
  }

  get ring(): KeyRing {
    return this.#book.ring;
  }

  get desired(): DesiredBook {
    return this.#book.desired;
  }

  get trial(): OrderBook['trial'] {
    return this.#book.trial;
  }

  get decided(): OrderBook['decided'] {
    return this.#book.decided;
  }

  /** Judges an envelope by all of it. */
  judge(bytes: Uint8Array): Verdict {
    const { reader, clock } = this.#deps;
    const { taken } = this.#book.desired;
    return judge(bytes, {
      reader,
      recipient: { tenant: this.#book.tenant, role: 'appliance', serial: this.#serial },
      ring: this.#book.ring,
      taken: taken === undefined ? this.#lines : advanced(this.#lines, 'desired', taken),
      commands: this.#window,
      clock: clock(),
    });
  }

  /** Takes up the keys of a new enrolment; nothing where it is the one that is known. */
  follow(enrolled: Enrolled): Promise<Result<void, NotKept>> {
    return this.#turns.run(async () => {
      if (enrolled.tenant !== this.#book.tenant || enrolled.enrolledAt === this.#book.enrolledAt) return ok(undefined);
      return this.#write({ enrolledAt: enrolled.enrolledAt, ring: ringOf(enrolled) });
    });
  }

  /** Parts of the book become others, together. */
  write(change: BookChange): Promise<Result<void, NotKept>> {
    return this.#turns.run(() => this.#write(typeof change === 'function' ? change(this.#book) : change));
  }

  /** In a turn only. */
  async #write(
    change: Partial<OrderBook>,
    besides?: (writes: Writes) => Promise<void>,
  ): Promise<Result<void, NotKept>> {
    const book = { ...this.#book, ...change };
    const written = await this.#commit(async (writes) => {
      await writes.put(orderBooks, [BOOK], book);
      await besides?.(writes);
    });
    if (written.ok) this.#book = book;
    return written;
  }

  /** An order of a line was acted upon. */
  async advance(line: string, taken: Taken): Promise<Result<void, NotKept>> {
    const written = await this.#commit((writes) => writes.put(orderLines, [line], taken));
    if (written.ok) this.#lines = advanced(this.#lines, line, taken);
    return written;
  }

  /** A command is to be done: from now on it never comes again. */
  async take(order: OrderOf<'command'>, key: string): Promise<Result<CommandRecord, NotKept>> {
    const record: CommandRecord = {
      kept: keptOf(order),
      command: order.command,
      key,
      acceptedAt: this.#deps.clock().now,
      result: undefined,
      isTold: false,
    };
    const written = await this.keep(record);
    if (!written.ok) return written;
    this.#window.take(order);
    return ok(record);
  }

  /** @param detail of the result, until a broker has it */
  keep(record: CommandRecord, detail?: Uint8Array): Promise<Result<void, NotKept>> {
    const { id } = record.kept;
    return this.#commit(async (writes) => {
      await writes.put(linkCommands, [id], record);
      if (detail !== undefined && detail.length > 0) {
        await writes.put(linkDetails, [id], Buffer.from(detail).toString('base64'));
      }
      if (record.isTold) await writes.delete(linkDetails, [id]);
    });
  }

  recordOf(id: string): Promise<CommandRecord | undefined> {
    return this.#deps.records.get(linkCommands, [id]);
  }

  async detailOf(id: string): Promise<Uint8Array> {
    const text = await this.#deps.records.get(linkDetails, [id]);
    return text === undefined ? NOTHING : Buffer.from(text, 'base64');
  }

  /** Forgets commands that cannot come again; only by a clock that is set. The floor goes along, in one batch. */
  forget(): Promise<Result<void, NotKept>> {
    return this.#turns.run(async () => {
      const { now, isSet } = this.#deps.clock();
      if (!isSet) return ok(undefined);
      const over = this.#window.forget(now);
      if (over.length === 0) return ok(undefined);
      const floor = millis(Math.max(this.#book.floor, this.#window.floor));
      return this.#write({ floor }, async (writes) => {
        for (const id of over) {
          await writes.delete(linkCommands, [id]);
          await writes.delete(linkDetails, [id]);
        }
      });
    });
  }

  /** Nothing is written any more: what is still under way is another's to find. */
  close(): void {
    this.#isClosed = true;
  }

  async #commit(body: (writes: Writes) => Promise<void>): Promise<Result<void, NotKept>> {
    if (this.#isClosed) return fail('not_kept', 'the link has ended');
    const written = await this.#deps.records.write(body, { sync: true });
    return written.ok ? ok(undefined) : fail('not_kept', `it cannot be written down: ${written.public}`, written.cause);
  }
}

const NOTHING = new Uint8Array(0);
const FRESH = { floor: millis(0), desired: NOTHING_DESIRED, trial: undefined, decided: [] };
const ringOf = ({ keys, keysGeneration }: Enrolled): KeyRing => ({ generation: keysGeneration, keys: keys.keys });

/** Another fleet: what was acted upon there says nothing here. */
async function forget(records: Records): Promise<void> {
  const ids: string[] = [];
  const lines: string[] = [];
  const waiting: string[] = [];
  for await (const [[id]] of records.list(linkCommands, [])) ids.push(id);
  for await (const [[line]] of records.list(orderLines, [])) lines.push(line);
  for await (const [[digest]] of records.list(waitingOrders, [])) waiting.push(digest);
  await records.write(
    async (writes) => {
      await writes.delete(orderBooks, [BOOK]);
      for (const id of ids) {
        await writes.delete(linkCommands, [id]);
        await writes.delete(linkDetails, [id]);
      }
      for (const line of lines) await writes.delete(orderLines, [line]);
      for (const digest of waiting) await writes.delete(waitingOrders, [digest]);
    },
    { sync: true },
  );
}
