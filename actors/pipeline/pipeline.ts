import type { Component } from '../../core/base/component.ts';
import type { Ip } from '../../core/base/ip.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf, type Result } from '../../core/base/result.ts';
import { type Millis, millis, seconds } from '../../core/base/time.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { DetectorState } from '../../core/detect/pipeline.ts';
import type { JournalOrigin, LeftToJournal } from '../../core/event/preference.ts';
import type { DamagedPart, SegmentPosition, StorageStatus } from '../segments/index.ts';
import type { Service } from '../supervisor/index.ts';
import type { Chunk } from '../watchers/files/index.ts';
import type { JournalChunk } from '../watchers/journal/index.ts';
import type { NetworkBatch } from '../watchers/syslog/index.ts';
import type { WorkerEvents, WorkerPort } from './effects.ts';
import type { FromWorker, PipelineSettings, ToWorker, WorkerCounters } from './protocol.ts';

/** How far a source was read, under its path. */
export type SourceCursor = Chunk['cursor'] | JournalChunk['cursor'];

/** What goes to disk together. */
export interface Checkpoint {
  readonly states: readonly DetectorState[];
  readonly cursors: readonly SourceCursor[];
  /** How far the events are durable; absent when they are not kept, and while nothing is known. */
  readonly position?: SegmentPosition;
}

/** Detector state, cursors and the position of the events on disk. */
export interface CheckpointRecords {
  load(): Promise<Omit<Checkpoint, 'cursors'>>;
  /** In one atomic batch. */
  save(checkpoint: Checkpoint): Promise<Result<void, string>>;
}

/** Where every line is kept, and who is told when that goes wrong. */
export interface KeptEvents {
  readonly directory: string;
  /** Lines are dropped now, or are kept again. For a finding. */
  readonly changed?: (status: StorageStatus) => void;
  /** Stored events turned out unreadable when the thread took them over. To be told. */
  readonly damaged?: (part: DamagedPart) => void;
}

/** Who decides which lines of files the journal tells of too. */
export interface JournalPreference {
  /** What is left to the journal at present, of a file read by this parser. */
  told(parser: string): LeftToJournal | undefined;
  /** The journal was found to carry these. */
  seen(origins: readonly JournalOrigin[]): void;
  /** Names of this host in lower case. */
  readonly ownHosts: readonly string[];
}

export interface PipelineDeps {
  readonly checks: PipelineSettings['checks'];
  readonly groups?: PipelineSettings['groups'];
  readonly salt?: PipelineSettings['salt'];
  /** Parsers of the configuration. */
  readonly parsers?: PipelineSettings['parsers'];
  /** Without it no line of a file is left to the journal. */
  readonly journal?: JournalPreference;
  readonly records: CheckpointRecords;
  /** Without it lines are judged and not kept. */
  readonly events?: KeptEvents;
  readonly startWorker: (settings: PipelineSettings, events: WorkerEvents) => WorkerPort;
  readonly clock: Clock;
  readonly log: Log;
  /** Records and acts; the pipeline waits for it before it takes the source's next chunk. */
  readonly record: (findings: readonly Finding[]) => Promise<void>;
  /** Resolves when all recorded findings were acted upon and kept: a cursor must never be ahead of them. */
  readonly flushed: () => Promise<Result<void, string>>;
}

/** Changed detector state: by check, then key. */
type States = Map<string, Map<string, unknown>>;

interface Waiting {
  /** Absent for sources that cannot go back. */
  readonly cursor: SourceCursor | undefined;
  /** It brings no line, but says from where a source is read. */
  readonly isMark: boolean;
  readonly taken: () => void;
  readonly lost: (cause: Error) => void;
}

/** What the thread has to do, without its number. */
type Work = WithoutSequence<Exclude<ToWorker, { kind: 'checkpoint' }>>;
type WithoutSequence<M> = M extends unknown ? Omit<M, 'sequence'> : never;

/** Between the first chunk after a checkpoint and the next one: what a crash has to read again. */
const CHECKPOINT_AFTER: Millis = seconds(1);
/** As soon as the marks that come together are in: until one is durable, what is rotated away meanwhile is not known to be unread. */
const CHECKPOINT_MARKS_AFTER: Millis = millis(5);

/**
 * Lines in, findings out, on a thread of its own, which keeps every line too. Findings go out at once; detector state,
 * cursors and how far the events are durable follow in one batch within a second, never ahead of the findings. After a
 * crash the sources feed the gap again: it is judged the same, and the events behind the position are cut off before.
 */
export class Pipeline implements Service {
  readonly id = 'pipeline';
  readonly #deps: PipelineDeps;
  readonly #waiting = new Map<number, Waiting>();
  /** Judged since the last snapshot, by path. */
  #cursors = new Map<string, SourceCursor>();
  /** Seen by a snapshot and not on disk. */
  #due = new Map<string, SourceCursor>();
  /** Handed out by the thread and not on disk. */
  #states: States = new Map();
  #saving: Promise<void> = Promise.resolve();
  /** Counts starts and ends; what belongs to another run is ignored. */
  #run = 0;
  #worker: WorkerPort | undefined;
  #sequence = 0;
  #cancelCheckpoint: (() => void) | undefined;
  /** Who waits for a checkpoint, by its sequence. */
  readonly #saved = new Map<number, () => void>();
  /** Tell a checkpoint how far the events before it are durable. */
  readonly #marks = new Map<number, (position: SegmentPosition | undefined) => void>();
  #storage: StorageStatus | undefined;
  #storageSince: Millis;
  #counters: WorkerCounters | undefined;
  #since: Millis;
  #crash: (cause: unknown) => void = () => {};

  constructor(deps: PipelineDeps) {
    this.#deps = deps;
    this.#since = deps.clock.now();
    this.#storageSince = this.#since;
  }

  async start(crash: (cause: unknown) => void): Promise<void> {
    this.#crash = crash;
    this.#since = this.#deps.clock.now();
    const { states, position } = await this.#deps.records.load();
    const run = ++this.#run;
    const ready = Promise.withResolvers<SegmentPosition | undefined>();
    this.#worker = this.#deps.startWorker(
      {
        checks: this.#deps.checks,
        checkpoint: states,
        ...(this.#deps.groups && { groups: this.#deps.groups }),
        ...(this.#deps.salt !== undefined && { salt: this.#deps.salt }),
        ...(this.#deps.parsers && { parsers: this.#deps.parsers }),
        ...(this.#deps.journal && { ownHosts: this.#deps.journal.ownHosts }),
        ...this.#eventSettings(position),
      },
      {
        message: (message) => {
          if (message.kind === 'ready') ready.resolve(message.position);
          if (run === this.#run) this.#receive(message, run);
        },
        dead: (cause) => {
          ready.reject(cause);
          this.#die(cause, run);
        },
      },
    );
    await this.#anchor(await ready.promise);
  }

  async stop(): Promise<void> {
    await this.checkpoint();
    const worker = this.#worker;
    this.#end(new Error('the pipeline was stopped'));
    await worker?.terminate();
  }

  /** Makes everything judged so far durable; at once when nothing runs. For a source that asks where to go on. */
  async checkpoint(): Promise<void> {
    if (this.#worker === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const sequence = ++this.#sequence;
    this.#saved.set(sequence, resolve);
    this.#worker.post({ kind: 'checkpoint', sequence });
    await promise;
  }

  /** Resolves when the chunk was judged and its findings acted upon. Rejects when the pipeline stops before that. */
  submit(chunk: Chunk): Promise<void> {
    const told = this.#deps.journal?.told(chunk.parser);
    return this.#post(chunk.cursor, {
      kind: 'chunk',
      parser: chunk.parser,
      source: chunk.fingerprint,
      offset: chunk.offset,
      provenance: chunk.provenance,
      receivedAt: chunk.receivedAt,
      bytes: chunk.bytes,
      ...(chunk.skipped === undefined ? {} : { flaw: { kind: 'too-long', offset: chunk.skipped.offset } }),
      ...(told === undefined ? {} : { told }),
    });
  }

  /** As `submit`, for entries of the journal. */
  submitJournal({ bytes, receivedAt, cursor }: JournalChunk): Promise<void> {
    return this.#post(cursor, { kind: 'journal', bytes, receivedAt });
  }

  /** As `submit`, for lines of the network, which nobody can send again: what is lost here is lost. */
  submitLines({ parser, lines }: NetworkBatch): Promise<void> {
    return this.#post(undefined, { kind: 'lines', parser, lines });
  }

  /**
   * The checks forget what counts against this address's source, in its place among the lines. Resolves when that is
   * durable; rejects when the pipeline does not run.
   */
  async forget(ip: Ip): Promise<void> {
    await this.#post(undefined, { kind: 'forget', ip });
    await this.checkpoint();
  }

  #post(cursor: SourceCursor | undefined, message: Work): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return Promise.reject(new Error('the pipeline is not running'));
    const sequence = ++this.#sequence;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const isMark = 'bytes' in message && message.bytes.length === 0;
    this.#waiting.set(sequence, { cursor, isMark, taken: resolve, lost: reject });
    worker.post({ ...message, sequence } as ToWorker);
    return promise;
  }

  component(): Component {
    const { unparsed = {}, leftToJournal = 0, ...counts } = this.#counters ?? {};
    const reasons = Object.entries(unparsed).map(([reason, lines]) => [`unparsed ${reason}`, lines] as const);
    const left = leftToJournal === 0 ? {} : { 'left to the journal': leftToJournal };
    const state = this.#worker === undefined ? 'starting' : 'ok';
    return {
      name: 'pipeline',
      state,
      since: this.#since,
      counters: { ...counts, ...left, ...Object.fromEntries(reasons) },
    };
  }

  /** What became of keeping the lines; undefined when none is kept. */
  storage(): Component | undefined {
    if (this.#deps.events === undefined) return undefined;
    const { state, why, ...counters } = this.#storage ?? {
      state: 'starting',
      kept: 0,
      dropped: 0,
      blocks: 0,
      sealed: 0,
    };
    const about = { name: 'events', since: this.#storageSince, counters };
    if (state === 'ok' || state === 'starting') return { ...about, state };
    const message =
      state === 'slow'
        ? 'the disk does not keep up: lines are judged, but not kept'
        : `the disk does not take events: lines are judged, but not kept (${why ?? 'no reason given'})`;
    return { ...about, state: 'degraded', message };
  }

  #eventSettings(position: SegmentPosition | undefined): Pick<PipelineSettings, 'events'> {
    const { events } = this.#deps;
    if (events === undefined) return {};
    return { events: { directory: events.directory, ...(position === undefined ? {} : { position }) } };
  }

  /** Before the first line: a kill between it and the first checkpoint would leave events that nobody knows to cut off. */
  async #anchor(position: SegmentPosition | undefined): Promise<void> {
    if (position === undefined) return;
    const saved = await this.#deps.records.save({ states: [], cursors: [], position });
    if (!saved.ok) this.#deps.log('warn', 'the position of the events could not be saved', { error: saved.public });
  }

  #receive(message: FromWorker, run: number): void {
    switch (message.kind) {
      case 'ready':
        if (message.skipped > 0) {
          this.#deps.log('warn', 'detector state could not be read', { entries: message.skipped });
        }
        if (message.plain !== undefined) {
          this.#deps.log('warn', 'lines take longer than they need', { error: message.plain });
        }
        return;
      case 'checkpoint':
        this.#takeCheckpoint(message, run);
        return;
      case 'durable':
        this.#marks.get(message.sequence)?.(message.position);
        this.#marks.delete(message.sequence);
        return;
      case 'storage':
        this.#noteStorage(message.status);
        this.#deps.events?.changed?.(message.status);
        return;
      case 'damage':
        this.#deps.events?.damaged?.(message.part);
        return;
      case 'judged':
        this.#takeJudged(message, run);
    }
  }

  #noteStorage(status: StorageStatus): void {
    if (status.state !== this.#storage?.state) this.#storageSince = this.#deps.clock.now();
    this.#storage = status;
  }

  /**
   * Answers come in order: the cursors gathered by now belong to chunks that this snapshot has seen, later ones do not.
   * They are saved once the events of these chunks are durable; checkpoints that come meanwhile wait their turn.
   */
  #takeCheckpoint({ sequence, changes }: Extract<FromWorker, { kind: 'checkpoint' }>, run: number): void {
    const cursors = this.#cursors;
    this.#cursors = new Map();
    const mark = new Promise<SegmentPosition | undefined>((resolve) => this.#marks.set(sequence, resolve));
    this.#saving = this.#saving
      .then(async () => {
        const position = await mark;
        if (run !== this.#run) return;
        this.#merge(changes);
        for (const [path, cursor] of cursors) this.#due.set(path, cursor);
        await this.#save(sequence, position);
      })
      .catch((cause: unknown) => this.#die(cause, run));
  }

  #takeJudged(message: Extract<FromWorker, { kind: 'judged' }>, run: number): void {
    this.#counters = message.counters;
    if (message.storage !== undefined) this.#noteStorage(message.storage);
    const waiting = this.#waiting.get(message.sequence);
    if (waiting === undefined) return;
    this.#waiting.delete(message.sequence);
    const { cursor } = waiting;
    if (cursor !== undefined) this.#cursors.set(cursor.path, cursor);
    if (message.origins !== undefined) this.#deps.journal?.seen(message.origins);
    this.#scheduleCheckpoint(waiting.isMark ? CHECKPOINT_MARKS_AFTER : CHECKPOINT_AFTER);
    this.#deps.record(message.findings).then(waiting.taken, (cause: unknown) => {
      waiting.lost(new Error(`findings were not acted upon: ${messageOf(cause)}`));
      this.#die(cause, run);
    });
  }

  /** The first that is asked for counts, and the sooner one. */
  #scheduleCheckpoint(after = CHECKPOINT_AFTER): void {
    if (this.#cancelCheckpoint !== undefined && after === CHECKPOINT_AFTER) return;
    this.#cancelCheckpoint?.();
    this.#cancelCheckpoint = this.#deps.clock.after(after, () => {
      this.#cancelCheckpoint = undefined;
      this.#worker?.post({ kind: 'checkpoint', sequence: ++this.#sequence });
    });
  }

  /** The thread hands each change out once; what is not on disk yet is kept, the latest of each key. */
  #merge(states: readonly DetectorState[]): void {
    for (const { check, changes } of states) {
      const unsaved = this.#states.get(check) ?? new Map<string, unknown>();
      for (const [key, value] of changes) unsaved.set(key, value);
      this.#states.set(check, unsaved);
    }
  }

  async #save(sequence: number, position: SegmentPosition | undefined): Promise<void> {
    const cursors = this.#due;
    const states = this.#states;
    this.#due = new Map();
    this.#states = new Map();
    const flushed = await this.#deps.flushed();
    const saved = flushed.ok
      ? await this.#deps.records.save({
          states: [...states].map(([check, unsaved]) => ({ check, changes: [...unsaved] })),
          cursors: [...cursors.values()],
          ...(position === undefined ? {} : { position }),
        })
      : flushed;
    if (!saved.ok) this.#putBack(states, cursors, saved.public);
    for (const [asked, done] of this.#saved) {
      if (asked > sequence) continue;
      this.#saved.delete(asked);
      done();
    }
  }

  /** The disk refused: what was to be saved is part of the next checkpoint, behind what came since. */
  #putBack(states: States, cursors: ReadonlyMap<string, SourceCursor>, why: string): void {
    this.#deps.log('warn', 'checkpoint could not be saved; tried again', { error: why });
    const newer = this.#states;
    this.#states = states;
    this.#merge([...newer].map(([check, unsaved]) => ({ check, changes: [...unsaved] })));
    this.#due = new Map([...cursors, ...this.#due]);
    this.#scheduleCheckpoint();
  }

  #die(cause: unknown, run: number): void {
    if (run !== this.#run) return;
    this.#deps.log('error', 'pipeline failed', { error: messageOf(cause) });
    this.#worker?.terminate().catch(() => {});
    this.#end(new Error(messageOf(cause)));
    this.#crash(cause);
  }

  /** What the thread still answers belongs to nobody: its state would be ahead of the cursors that are forgotten here. */
  #end(cause: Error): void {
    this.#run++;
    this.#worker = undefined;
    this.#cancelCheckpoint?.();
    this.#cancelCheckpoint = undefined;
    for (const { lost } of this.#waiting.values()) lost(cause);
    this.#waiting.clear();
    this.#cursors = new Map();
    this.#due = new Map();
    this.#states = new Map();
    for (const told of this.#marks.values()) told(undefined);
    this.#marks.clear();
    for (const done of this.#saved.values()) done();
    this.#saved.clear();
  }
}
