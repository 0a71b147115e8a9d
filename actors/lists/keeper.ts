import type { ListState, ListStatus, Lists } from '../../core/api/lists.ts';
import type { Component } from '../../core/base/component.ts';
import { type Cidr, type Ip, parseCidr, parseIp } from '../../core/base/ip.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { type Failure, fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { type Millis, millis, minutes, plus, seconds } from '../../core/base/time.ts';
import { Turns } from '../../core/base/turns.ts';
import { type ListSettings, type ListSpec, listIdOf, listSpecsOf, refreshOf } from '../../core/config/lists-setting.ts';
import { countOf, lists, NO_COLUMNS } from '../../core/respond/lists/columns.ts';
import { reasonToHold } from '../../core/respond/lists/judge.ts';
import type { KernelLists } from '../firewall/index.ts';
import type { Service } from '../supervisor/index.ts';
import type { GenerationBook } from './book.ts';
import type { FoundList, Generation, GenerationStore, NamedList, ReadSource, SourceFailure } from './port.ts';

/** Lists begin to be looked at within this, so that a restart is no flood. */
const SPREAD: Millis = seconds(30);
const FIRST_RETRY: Millis = minutes(1);
/** For all lists together that are read ahead of a trial. */
const FIRST_LOOK: Millis = seconds(10);
const COUNT_FIRST = 'One that takes longer or comes later can be declared with mode count first';
/** Looks that fail in a row before a finding tells of it; the component does at once. */
const PATIENCE = 3;

export interface ListConfig extends ListSettings {
  readonly outbound: { readonly allow_private: readonly string[]; readonly ca?: string | undefined };
}

/** What a person should see where attacks are seen. */
export interface ListTrouble {
  readonly list: string;
  readonly what: 'held' | 'refused' | 'stale';
  readonly why: string;
}

export interface ListKeeperDeps {
  readonly config: () => ListConfig;
  /** Lists that the confirmed rules name, though the settings may hold a change of them that is on trial. */
  readonly confirmed: readonly NamedList[];
  readonly book: GenerationBook;
  readonly read: ReadSource;
  readonly store: GenerationStore;
  readonly kernel: KernelLists;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly tell: (trouble: ListTrouble) => void;
  /** Each list whenever its state or what is in force changes. */
  readonly publish: (list: { readonly name: string; readonly state: ListState }) => void;
}

/** A list that is declared now. */
interface Kept {
  readonly id: string;
  spec: ListSpec;
  held?: { readonly generation: Generation; readonly why: string; readonly at: Millis };
  trouble?: { readonly code: SourceFailure; readonly why: string };
  failures: number;
  checkedAt?: Millis;
  nextRefresh?: Millis;
  cancel?: () => void;
}

/**
 * Keeps the declared lists as their sources have them. One is read at a time. Whatever a source does, the last good
 * generation stays in force: one that cannot be reached makes the list `stale`, one that is no list or too large
 * `refused`, one that differs too much from what is in force is `held` until somebody accepts it. A disk that is full keeps
 * nothing from being enforced, and is told.
 */
export class ListKeeper implements Lists, Service {
  readonly id = 'lists';
  readonly #deps: ListKeeperDeps;
  readonly #turns = new Turns();
  #kept: readonly Kept[] = [];
  #isRunning = false;
  /** Ends what is under way when it stops. */
  #stopping = new AbortController();
  #since: Millis;
  /** By id: the last good generation could not be written; it is in force, and gone with the process. */
  readonly #unsaved = new Map<string, string>();
  readonly #counters = { refreshes: 0, generations: 0, failures: 0 };

  constructor(deps: ListKeeperDeps) {
    this.#deps = deps;
    this.#since = deps.clock.now();
  }

  /** Takes up what was kept on disk, before the firewall is enabled: no network is needed to enforce it. */
  async load(): Promise<void> {
    await this.#declare();
    for (const list of this.#deps.confirmed) {
      if (this.#deps.book.of(list.id) === undefined) await this.#restore(list);
    }
  }

  async start(): Promise<void> {
    this.#isRunning = true;
    this.#stopping = new AbortController();
    await this.#declare();
    for (const kept of this.#kept) this.#schedule(kept, this.#chance(SPREAD));
    await this.#prune();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#stopping.abort(new Error('it is stopped'));
    for (const kept of this.#kept) kept.cancel?.();
    await this.#turns.run(async () => {});
  }

  /** The settings were changed. */
  async follow(): Promise<void> {
    const before = new Set(this.#kept);
    await this.#declare();
    if (!this.#isRunning) return;
    for (const kept of this.#kept) if (!before.has(kept)) this.#schedule(kept, this.#untilRefresh(kept));
  }

  /**
   * Reads those of the lists that a change would put in force of which nothing was ever read, so that what is tried is what
   * they hold. They come into force with the change, not here.
   */
  async fetchFirst(config: ListConfig, wanted: readonly { readonly id: string }[]): Promise<Result<void, 'failed'>> {
    const { book, clock } = this.#deps;
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, this.#stopping.signal]);
    const late = `it could not be read within ${FIRST_LOOK / 1000} s`;
    const cancel = clock.after(FIRST_LOOK, () => abort.abort(new Error(late)));
    try {
      for (const spec of listSpecsOf(config)) {
        const id = listIdOf(spec);
        if (book.of(id) !== undefined || !wanted.some((one) => one.id === id)) continue;
        const list = { name: spec.name, id };
        await this.#restore(list);
        if (book.of(id) !== undefined) continue;
        const found = await Promise.race([this.#read(config, spec, signal), aborted(signal)]);
        if (!found.ok) return fail('failed', `the list ${spec.name} cannot be tried: ${found.public}. ${COUNT_FIRST}`);
        if (found.value.kind === 'unchanged') continue;
        const generation = this.#generationOf(list, found.value);
        book.put(generation);
        await this.#save(list, generation);
      }
      return ok(undefined);
    } finally {
      cancel();
      abort.abort();
    }
  }

  async list(): Promise<readonly ListStatus[]> {
    const packets = await this.#deps.kernel.packets();
    return this.#kept.map((kept) => this.#statusOf(kept, packets.get(kept.spec.name)));
  }

  async refresh(name: string): ReturnType<Lists['refresh']> {
    const kept = this.#named(name);
    if (kept === undefined) return unknownList(name);
    await this.#refresh(kept);
    const { trouble } = kept;
    return trouble === undefined ? ok(await this.#status(kept)) : fail('failed', trouble.why);
  }

  async accept(name: string): ReturnType<Lists['accept']> {
    const kept = this.#named(name);
    if (kept === undefined) return unknownList(name);
    return this.#turns.run(async (): ReturnType<Lists['accept']> => {
      const { held } = kept;
      if (held === undefined) return fail('conflict', `nothing of the list ${name} waits for a word`);
      delete kept.held;
      const taken = await this.#take(kept, held.generation);
      this.#tellStand(kept);
      return taken.ok ? ok(await this.#status(kept)) : taken;
    });
  }

  covering(ip: Ip): ReturnType<Lists['covering']> {
    const parsed = parseIp(ip);
    if (!parsed.ok) return [];
    return this.#kept.flatMap(({ id, spec: { name, kind, mode } }) => {
      const columns = this.#deps.book.columnsOf(id);
      return columns !== undefined && lists(columns, parsed.value) ? [{ id, name, kind, mode }] : [];
    });
  }

  /** Nothing where no list is declared. */
  component(): Component | undefined {
    if (this.#kept.length === 0) return undefined;
    const troubles = this.#kept.flatMap((kept) => {
      const why =
        kept.held === undefined ? (kept.trouble?.why ?? this.#unsaved.get(kept.id)) : `news are held: ${kept.held.why}`;
      return why === undefined ? [] : [`${kept.spec.name}: ${why}`];
    });
    const about = { name: 'lists', since: this.#since, counters: { lists: this.#kept.length, ...this.#counters } };
    return troubles.length === 0
      ? { ...about, state: 'ok' }
      : { ...about, state: 'degraded', message: troubles.join('; ') };
  }

  #named(name: string): Kept | undefined {
    return this.#kept.find(({ spec }) => spec.name === name);
  }

  /** Takes lists up that are new, with what was kept of them, and lets go of those that are gone. */
  async #declare(): Promise<void> {
    const { config, book } = this.#deps;
    const kept: Kept[] = [];
    for (const spec of listSpecsOf(config())) {
      const id = listIdOf(spec);
      const known = this.#kept.find((one) => one.id === id);
      if (known !== undefined) known.spec = spec;
      else if (book.of(id) === undefined) await this.#restore({ name: spec.name, id });
      kept.push(known ?? { id, spec, failures: 0 });
    }
    for (const old of this.#kept) if (!kept.includes(old)) old.cancel?.();
    this.#kept = kept;
  }

  async #restore(list: NamedList): Promise<void> {
    const { store, book, log } = this.#deps;
    const { generation, damaged } = await store.load(list);
    if (damaged !== undefined) log('warn', 'what was kept of a list is damaged', { list: list.name, error: damaged });
    if (generation !== undefined) book.put(generation);
  }

  async #prune(): Promise<void> {
    try {
      const declared = this.#kept.map(({ id, spec: { name } }) => ({ id, name }));
      await this.#deps.store.prune([...declared, ...this.#deps.confirmed]);
    } catch (thrown) {
      this.#deps.log('warn', 'files of former lists cannot be deleted', { error: messageOf(thrown) });
    }
  }

  #schedule(kept: Kept, delay: Millis): void {
    kept.cancel?.();
    if (!this.#isRunning) return;
    kept.nextRefresh = plus(this.#deps.clock.now(), delay);
    kept.cancel = this.#deps.clock.after(delay, () => void this.#refresh(kept));
  }

  /** Now, but for a list of which something is in force that is young enough. */
  #untilRefresh({ id, spec }: Kept): Millis {
    const { book, clock } = this.#deps;
    const { fetchedAt } = book.of(id) ?? {};
    return fetchedAt === undefined ? millis(0) : millis(Math.max(0, fetchedAt + refreshOf(spec) - clock.now()));
  }

  /** Up to so long. */
  #chance(most: Millis): Millis {
    const [high = 0, low = 0] = this.#deps.random.bytes(2);
    return millis(Math.floor((most * (high * 256 + low)) / 65_536));
  }

  async #refresh(kept: Kept): Promise<void> {
    kept.cancel?.();
    await this.#turns.run(async () => {
      if (!this.#kept.includes(kept)) return;
      this.#counters.refreshes++;
      const before = this.#standOf(kept);
      await this.#look(kept);
      if (this.#standOf(kept) !== before) this.#tellStand(kept);
    });
    const every = refreshOf(kept.spec);
    const wait = kept.failures === 0 ? every : Math.min(every, FIRST_RETRY * 2 ** (kept.failures - 1));
    if (this.#kept.includes(kept)) this.#schedule(kept, millis(wait * 0.9 + this.#chance(millis(wait * 0.2))));
  }

  async #look(kept: Kept): Promise<void> {
    const { config, clock, book } = this.#deps;
    const { signal } = this.#stopping;
    const found = await this.#read(config(), kept.spec, signal);
    if (signal.aborted) return;
    if (!found.ok) return this.#fail(kept, found.code, found.public);
    const heldSince = kept.held?.at;
    kept.failures = 0;
    delete kept.trouble;
    delete kept.held;
    kept.checkedAt = clock.now();
    if (found.value.kind === 'unchanged') return;
    const { least_percent: least, most_percent: most, name } = kept.spec;
    const generation = this.#generationOf({ name, id: kept.id }, found.value);
    const { columns, fetchedAt } = generation;
    const inForce = book.of(kept.id);
    const why = inForce && reasonToHold(inForce.columns, columns, { least, most });
    if (why !== undefined) kept.held = { generation, why, at: heldSince ?? fetchedAt };
    else await this.#take(kept, generation);
  }

  #read({ outbound }: ListConfig, spec: ListSpec, signal: AbortSignal): ReturnType<ReadSource> {
    const { read, book } = this.#deps;
    return read(spec, book.of(listIdOf(spec))?.mark, {
      signal,
      allowPrivate: networksOf(outbound.allow_private),
      ...(outbound.ca === undefined ? {} : { ca: outbound.ca }),
    });
  }

  #generationOf({ name, id }: NamedList, { reading, mark }: FoundList): Generation {
    const { book, clock, log } = this.#deps;
    const { columns, bad, wide, told: first } = reading;
    if (bad > 0) log('warn', 'lines of a list cannot be read', { list: name, bad, first });
    return { id, number: (book.of(id)?.number ?? 0) + 1, columns, fetchedAt: clock.now(), mark, bad, wide };
  }

  #fail(kept: Kept, code: SourceFailure, why: string): void {
    kept.trouble = { code, why };
    kept.failures++;
    this.#counters.failures++;
    const { name } = kept.spec;
    this.#deps.log('warn', 'a list could not be refreshed', { list: name, error: why });
    if (code === 'unreachable' && kept.failures === PATIENCE) this.#deps.tell({ list: name, what: 'stale', why });
  }

  /** The kernel first: enforcement does not wait for the disk. */
  async #take(kept: Kept, generation: Generation): Promise<Result<void, 'failed'>> {
    const { book, kernel, log } = this.#deps;
    const { name } = kept.spec;
    book.put(generation);
    this.#counters.generations++;
    const done = await kernel.changed();
    await this.#save({ name, id: kept.id }, generation);
    const { 4: v4, 6: v6 } = countOf(generation.columns);
    log('info', 'list in force', { list: name, generation: generation.number, v4, v6 });
    return done.ok ? ok(undefined) : fail('failed', `the kernel: ${done.public}`);
  }

  async #save(list: NamedList, generation: Generation): Promise<void> {
    try {
      await this.#deps.store.save(list, generation);
      this.#unsaved.delete(list.id);
    } catch (thrown) {
      this.#unsaved.set(list.id, `it is in force and cannot be kept on disk: ${messageOf(thrown)}`);
      this.#deps.log('error', 'a list cannot be kept on disk', { list: list.name, error: messageOf(thrown) });
    }
  }

  /** What others are told of when it becomes another: the state, and which generation is in force. */
  #standOf(kept: Kept): string {
    return `${this.#stateOf(kept)} ${this.#deps.book.of(kept.id)?.number}`;
  }

  #tellStand(kept: Kept): void {
    const state = this.#stateOf(kept);
    const { name } = kept.spec;
    this.#since = this.#deps.clock.now();
    this.#deps.publish({ name, state });
    if (kept.held !== undefined) this.#deps.tell({ list: name, what: 'held', why: kept.held.why });
    else if (kept.trouble?.code === 'refused') this.#deps.tell({ list: name, what: 'refused', why: kept.trouble.why });
  }

  #stateOf({ id, held, trouble }: Kept): ListState {
    if (this.#deps.book.of(id) === undefined) return 'never_loaded';
    if (held !== undefined) return 'held';
    return trouble === undefined ? 'current' : trouble.code === 'refused' ? 'refused' : 'stale';
  }

  async #status(kept: Kept): Promise<ListStatus> {
    return this.#statusOf(kept, (await this.#deps.kernel.packets()).get(kept.spec.name));
  }

  #statusOf(kept: Kept, counted = { packets: 0, bytes: 0 }): ListStatus {
    const { book, kernel } = this.#deps;
    const { name, kind, mode, source } = kept.spec;
    const generation = book.of(kept.id);
    const { inKernel, protected: left } = kernel.facts(kept.id);
    const { held, trouble, checkedAt, nextRefresh } = kept;
    return {
      ...{ name, kind, mode, origin: 'settings', source, state: this.#stateOf(kept), inKernel, protected: left },
      entries: countOf(generation?.columns ?? NO_COLUMNS),
      generation: generation?.number ?? 0,
      ...(generation === undefined ? {} : { fetchedAt: generation.fetchedAt }),
      ...(checkedAt === undefined ? {} : { checkedAt }),
      ...(nextRefresh === undefined ? {} : { nextRefresh }),
      ...(trouble === undefined ? {} : { lastError: trouble.why }),
      ...(held === undefined
        ? {}
        : { held: { why: held.why, at: held.at, entries: countOf(held.generation.columns) } }),
      bad: generation?.bad ?? 0,
      wide: generation?.wide ?? 0,
      ...counted,
    };
  }
}

const aborted = (signal: AbortSignal): Promise<Failure<'unreachable'>> =>
  new Promise((resolve) => {
    const end = (): void => resolve(fail('unreachable', messageOf(signal.reason)));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });

const unknownList = (name: string) => fail('not_found', `there is no list "${name}"`);

const networksOf = (texts: readonly string[]): readonly Cidr[] =>
  texts.flatMap((text) => {
    const net = parseCidr(text);
    return net.ok ? [net.value] : [];
  });
