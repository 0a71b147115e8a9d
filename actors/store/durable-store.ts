import { type Actor, createActor } from 'xstate';
import type { Clock, Log } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { type Millis, millis, seconds } from '../../core/base/time.ts';
import { Turns } from '../../core/base/turns.ts';
import { meta } from '../../core/keys/records.ts';
import { machineClock } from '../clock/index.ts';
import type { Base, Content, Disk, Opened, TextOp } from './disk.ts';
import { faultOf } from './fault.ts';
import { storeMachine } from './machine.ts';
import { merged, open, openRaw } from './merge.ts';
import { Overlay } from './overlay.ts';
import type { Range, StoreCode, StoreHealth, StoreOp, StorePort } from './port.ts';
import { holdsBytes, sealed, toJson } from './record-text.ts';

/** Version of how records are laid out; a store of a later one is not opened. */
export const SCHEMA = 1;
const SCHEMA_KEY = meta.key.encode(['schema']);

/** Commits that share one write and one wait for the disk. */
const GROUP_COMMITS = 256;
/** Memory for what is written while the disk is lost. */
const MEMORY_LIMIT = 16 << 20;
/** How old the size in `health()` may be. */
const SIZE_AGE = seconds(10);

/** `repaired`, `replaced`: found damaged when opened. `memory`: the disk was lost. */
export interface StoreDamage {
  readonly kind: 'repaired' | 'replaced' | 'memory';
  /** What happened and what to do about it. */
  readonly message: string;
  /** Directory with the store as it was found. */
  readonly copy?: string;
}

/** Why a store is not opened at all; everything else goes on in memory. */
export type OpenCode = 'locked' | 'denied' | 'newer';

export interface DurableStoreOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
  /** Called once for each damage or loss, so that a finding can be raised. */
  readonly onDamage: (damage: StoreDamage) => void;
  /** A record could not be read: only a restart of the store, which repairs it, helps. */
  readonly onUnreadable: (cause: unknown) => void;
  /** Bytes of memory for what is written while the disk is lost; 16 MiB unless told. */
  readonly memoryLimit?: number;
}

interface Waiting {
  /** Sealed at once: as they stay, whatever the caller does to them afterwards. */
  readonly ops: readonly TextOp[];
  readonly sync: boolean;
  readonly settle: (outcome: Result<void, StoreCode>) => void;
}

/** The port over a disk, and over memory while the disk is lost. */
export class DurableStore implements StorePort {
  readonly #options: DurableStoreOptions;
  readonly #machine: Actor<typeof storeMachine>;
  readonly #overlay: Overlay;
  /** Writes, and whatever changes where they go. */
  readonly #turns = new Turns();
  #waiting: Waiting[] = [];
  #stopping = true;
  #base: Base | undefined;
  /** Pending while `#base` is exchanged; readers wait for it. */
  #exchange: Promise<void> | undefined;
  /** Why records are kept in memory. */
  #loss: string | undefined;
  /** What was found when the store was opened. */
  #damage: string | undefined;
  /** A record could not be read since the store was opened. */
  #unreadable = false;
  #openings = 0;
  #bytes = 0;
  #sizedAt: Millis = millis(0);

  constructor(options: DurableStoreOptions) {
    this.#options = options;
    this.#overlay = new Overlay(options.memoryLimit ?? MEMORY_LIMIT);
    const machine = storeMachine.provide({ actions: { returnToDisk: () => void this.#returnToDisk() } });
    this.#machine = createActor(machine, { clock: machineClock(options.clock) });
    this.#machine.start();
  }

  /** Opens a closed store. A disk that is full, read-only or failing is no failure: it goes on in memory and says so. */
  async open(): Promise<Result<Opened['state'] | 'memory', OpenCode>> {
    this.#openings++;
    const opened = await this.#options.disk.open({ thorough: this.#unreadable });
    this.#unreadable = false;
    if (!opened.ok) {
      if (opened.code === 'locked' || opened.code === 'denied') {
        await this.#options.disk.close();
        return fail(opened.code, opened.public, opened.cause);
      }
      return ok(await this.#openInMemory(opened.public));
    }
    const { base, state } = opened.value;
    try {
      const schema = await this.#checkSchema(opened.value);
      if (!schema.ok) {
        await base.close();
        await this.#options.disk.close();
        return schema;
      }
    } catch (thrown) {
      await base.close();
      return ok(await this.#openInMemory(messageOf(thrown)));
    }
    this.#base = base;
    this.#stopping = false;
    this.#machine.send({ type: 'opened' });
    await this.#measure();
    this.#tell(opened.value);
    return ok(state);
  }

  /** Waits for commits under way, tries to bring to disk what is in memory, and closes. Idempotent. */
  async close(): Promise<void> {
    this.#stopping = true;
    await this.#turns.run(async () => {
      if (this.#is('inMemory') && this.#overlay.size > 0) await this.#bringToDisk().catch(() => undefined);
      const lost = this.#overlay.size;
      if (lost > 0)
        this.#options.log('error', 'store closed with records that never reached the disk', { records: lost });
      this.#machine.send({ type: 'closed' });
      this.#loss = undefined;
      this.#damage = undefined;
      this.#overlay.clear();
      const base = this.#base;
      this.#base = undefined;
      await base?.close();
      await this.#options.disk.close();
    });
  }

  async commit(ops: readonly StoreOp[], { sync = false } = {}): Promise<Result<void, StoreCode>> {
    const records = sealed(ops.map(textOp));
    if (this.#stopping) return fail('closed', 'the store is closed');
    return new Promise((settle) => {
      this.#waiting.push({ ops: records, sync, settle });
      if (this.#waiting.length === 1) this.#schedule();
    });
  }

  async get<V>(key: string): Promise<V | undefined> {
    const json = await this.#content(key, async (base) => {
      const text = await base.get(key);
      return text === undefined ? undefined : holdsBytes(text) ? NOT_JSON : open(key, text);
    });
    if (json !== undefined && typeof json !== 'string') throw new TypeError('bytes are not read as JSON');
    return parse<V>(json);
  }

  async getBytes(key: string): Promise<Uint8Array | undefined> {
    const bytes = await this.#content(key, async (base) => {
      const record = await base.getRaw(key);
      return record === undefined ? undefined : openRaw(key, record);
    });
    if (typeof bytes === 'string') throw new TypeError('JSON is not read as bytes');
    return bytes;
  }

  /** Of a key: what was written since the disk was lost, else what is on it. */
  async #content(key: string, read: (base: Base) => Promise<Content | undefined>): Promise<Content | undefined> {
    for (;;) {
      await this.#exchange;
      const base = this.#readable();
      if (this.#overlay.has(key)) return this.#overlay.get(key);
      try {
        return base === undefined ? undefined : await read(base);
      } catch (thrown) {
        this.#rethrowUnlessExchanged(thrown, base);
      }
    }
  }

  async *entries<V>({ limit = Number.POSITIVE_INFINITY, ...range }: Range): AsyncGenerator<readonly [string, V]> {
    let left = limit;
    if (left <= 0) return;
    for await (const page of this.#pages(range)) {
      for (const [key, json] of page) {
        yield [key, JSON.parse(json) as V];
        if (--left <= 0) return;
      }
    }
  }

  async *pages<V>(range: Omit<Range, 'limit'>): AsyncGenerator<readonly V[]> {
    for await (const page of this.#pages(range)) yield page.map(([, json]) => JSON.parse(json) as V);
  }

  /** Goes on behind the last page when the base is exchanged. */
  async *#pages(range: Omit<Range, 'limit'>): AsyncGenerator<readonly (readonly [key: string, json: string])[]> {
    let last: string | undefined;
    for (;;) {
      await this.#exchange;
      const base = this.#readable();
      const rest = last === undefined ? range : beyond(range, last);
      const changes = this.#overlay.slice(rest);
      const iterator = base?.iterate(rest);
      try {
        for await (const page of merged(changes, iterator, range.reverse === true)) {
          yield page;
          last = page.at(-1)?.[0] ?? last;
        }
        return;
      } catch (thrown) {
        this.#rethrowUnlessExchanged(thrown, base);
      } finally {
        await iterator?.close();
      }
    }
  }

  get openings(): number {
    return this.#openings;
  }

  health(): StoreHealth {
    const now = this.#options.clock.now();
    if (this.#is('onDisk') && Math.abs(now - this.#sizedAt) > SIZE_AGE) void this.#measure();
    const state = this.#loss !== undefined ? 'memory' : this.#damage !== undefined ? 'repaired' : 'ok';
    const message = this.#loss ?? this.#damage;
    return { state, bytes: this.#bytes, ...(message === undefined ? {} : { message }) };
  }

  #is(state: 'shut' | 'onDisk' | 'inMemory' | 'detached'): boolean {
    return this.#machine.getSnapshot().matches(state);
  }

  async #openInMemory(cause: string): Promise<'memory'> {
    this.#base = await this.#options.disk.openReadable();
    const readable = this.#base !== undefined;
    this.#stopping = false;
    this.#machine.send({ type: 'openedInMemory', readable });
    const loss = readable
      ? 'stored records are read from a copy in memory; new ones reach the disk when it takes writes again'
      : 'stored records cannot be read and what is written now is lost at the end; free the disk, then restart';
    this.#tellLoss(`${cause}; ${loss}`);
    return 'memory';
  }

  async #checkSchema({ base, state }: Opened): Promise<Result<void, 'newer'>> {
    const text = await base.get(SCHEMA_KEY);
    const stored = text === undefined ? undefined : parse<number>(open(SCHEMA_KEY, text));
    if (stored !== undefined && stored > SCHEMA) {
      return fail('newer', `the store was written by a later version (schema ${stored}, this one knows ${SCHEMA})`);
    }
    if (stored === undefined) await base.write(sealed([[SCHEMA_KEY, toJson(SCHEMA)]]), true);
    if (state === 'new') this.#options.log('info', 'a new store was made', { schema: SCHEMA });
    return ok(undefined);
  }

  #schedule(): void {
    void this.#turns.run(async () => {
      const group = this.#waiting.slice(0, GROUP_COMMITS);
      await this.#write(group);
      this.#waiting = this.#waiting.slice(group.length);
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    if (this.#is('shut')) {
      for (const { settle } of group) settle(fail('closed', 'the store is closed'));
      return;
    }
    const [first] = group;
    const ops = group.length === 1 && first !== undefined ? first.ops : group.flatMap((commit) => commit.ops);
    if (this.#is('onDisk') && this.#base !== undefined) {
      try {
        await this.#base.write(
          ops,
          group.some(({ sync }) => sync),
        );
        for (const { settle } of group) settle(ok(undefined));
        return;
      } catch (thrown) {
        await this.#loseDisk(thrown, this.#base, ops);
      }
    }
    const contents = group.map((commit) => commit.ops.map(contentOp));
    for (const [i, { sync, settle }] of group.entries()) {
      if (sync) settle(fail('lost', `the disk is lost: ${this.#loss ?? ''}`));
      else
        settle(
          this.#overlay.apply(contents[i] ?? [])
            ? ok(undefined)
            : fail('lost', 'the disk is lost and memory is used up'),
        );
    }
  }

  /**
   * What failed may still lie in LevelDB's buffers or at the end of its log, and come back when the store is reopened. So
   * the values that its keys had go into the overlay, which is written over it then: refused is refused.
   */
  async #loseDisk(thrown: unknown, base: Base, ops: readonly TextOp[]): Promise<void> {
    for (const key of new Set(ops.map(([key]) => key))) {
      const before = await base
        .getRaw(key)
        .then((record) => [record === undefined ? undefined : openRaw(key, record)] as const)
        .catch(() => undefined);
      if (before !== undefined) this.#overlay.force([[key, before[0]]]);
    }
    this.#machine.send({ type: 'diskLost' });
    this.#tellLoss(`${faultOf(thrown).message}; records are kept in memory until the disk takes writes again`);
  }

  async #returnToDisk(): Promise<void> {
    await this.#turns.run(async () => {
      if (!this.#is('inMemory')) return;
      try {
        await this.#bringToDisk();
        this.#loss = undefined;
        this.#machine.send({ type: 'diskBack' });
        this.#options.log('info', 'the store is back on disk');
      } catch (thrown) {
        this.#machine.send({ type: 'diskStillLost' });
        this.#options.log('debug', 'the disk is still lost', { cause: messageOf(thrown) });
      }
    });
  }

  /** Reopens the store and writes the overlay into it. Rejects when the disk is not back; reading goes on either way. */
  async #bringToDisk(): Promise<void> {
    const { disk } = this.#options;
    const writable = await disk.writable(2 * this.#overlay.bytes);
    if (!writable.ok) throw new Error(writable.public);
    const exchange = Promise.withResolvers<void>();
    this.#exchange = exchange.promise;
    try {
      this.#openings++;
      const before = this.#base;
      this.#base = undefined;
      await before?.close();
      const opened = await disk.open();
      if (!opened.ok) {
        this.#base = await disk.openReadable();
        throw new Error(opened.public);
      }
      this.#base = opened.value.base;
      this.#tell(opened.value);
      const schema = await this.#checkSchema(opened.value);
      if (!schema.ok) throw new Error(schema.public);
      await this.#base.write(sealed(this.#overlay.slice({})), true);
      this.#overlay.clear();
    } finally {
      this.#exchange = undefined;
      exchange.resolve();
    }
  }

  /** What reads go to; `undefined` when there is nothing but the overlay. */
  #readable(): Base | undefined {
    if (this.#base === undefined && !this.#is('detached')) {
      throw new Error(this.#is('inMemory') ? 'the disk cannot be read' : 'the store is closed');
    }
    return this.#base;
  }

  #rethrowUnlessExchanged(thrown: unknown, base: Base | undefined): void {
    const { kind, message } = faultOf(thrown);
    if (kind === 'closed' && this.#base !== base) return;
    if (kind !== 'closed') {
      this.#options.log('error', 'a record cannot be read', { cause: message });
      this.#unreadable = true;
      this.#options.onUnreadable(thrown);
    }
    throw thrown;
  }

  #tell({ state, message, copy }: Opened): void {
    if (state !== 'repaired' && state !== 'replaced') return;
    const kept = copy === undefined ? 'no copy could be kept' : `the damaged one is kept in ${copy}`;
    const what =
      state === 'repaired' ? 'the store was damaged and is repaired' : 'the store could not be repaired and is new';
    this.#damage = `${what} (${message ?? 'unknown damage'}); ${kept}`;
    this.#notify({ kind: state, message: this.#damage, ...(copy === undefined ? {} : { copy }) });
  }

  #tellLoss(message: string): void {
    this.#loss = message;
    this.#notify({ kind: 'memory', message });
  }

  /** Whoever is told must not be able to stop the store. */
  #notify(damage: StoreDamage): void {
    this.#options.log('error', 'store damaged', { ...damage });
    try {
      this.#options.onDamage(damage);
    } catch (thrown) {
      this.#options.log('error', 'damage of the store could not be passed on', { cause: messageOf(thrown) });
    }
  }

  async #measure(): Promise<void> {
    this.#sizedAt = this.#options.clock.now();
    this.#bytes = await this.#options.disk.bytes();
  }
}

/** In place of bytes, which nobody wants to see. */
const NOT_JSON = new Uint8Array();

const parse = <V>(json: string | undefined): V | undefined =>
  json === undefined ? undefined : (JSON.parse(json) as V);

function textOp(op: StoreOp): TextOp {
  if ('del' in op) return [op.del];
  return [op.put, 'bytes' in op ? op.bytes : toJson(op.value)];
}

/** What a sealed one holds, in memory of its own. */
function contentOp([key, record]: TextOp): TextOp {
  if (record === undefined) return [key];
  const content = openRaw(key, record as Uint8Array);
  return [key, typeof content === 'string' ? content : Uint8Array.from(content)];
}

/** What of a range lies behind `key`. */
function beyond(range: Range, key: string): Range {
  if (range.reverse === true) {
    const { lte: _, ...lower } = range;
    return { ...lower, lt: key };
  }
  const { gte: _, ...upper } = range;
  return { ...upper, gt: key };
}
