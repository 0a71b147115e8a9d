import type { Component } from '../../core/base/component.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf, type Result } from '../../core/base/result.ts';
import { type Millis, seconds } from '../../core/base/time.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { DetectorState, PipelineCounters } from '../../core/detect/pipeline.ts';
import type { Service } from '../supervisor/index.ts';
import type { Chunk, Cursor } from '../watchers/files/index.ts';
import type { WorkerEvents, WorkerPort } from './effects.ts';
import type { FromWorker, PipelineSettings } from './protocol.ts';

/** Detector state and cursors on disk. */
export interface CheckpointRecords {
  load(): Promise<readonly DetectorState[]>;
  /** Both in one atomic batch. */
  save(changes: readonly DetectorState[], cursors: readonly Cursor[]): Promise<Result<void, string>>;
}

export interface PipelineDeps {
  readonly checks: PipelineSettings['checks'];
  readonly records: CheckpointRecords;
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
  readonly chunk: Chunk;
  readonly taken: () => void;
  readonly lost: (cause: Error) => void;
}

/** Between the first chunk after a checkpoint and the next one: what a crash has to read again. */
const CHECKPOINT_AFTER: Millis = seconds(1);

/**
 * Lines in, findings out, on a thread of its own. Findings go out at once; detector state and cursors follow in one batch
 * within a second, never ahead of the findings. After a crash the sources feed the gap again and it is judged the same.
 */
export class Pipeline implements Service {
  readonly id = 'pipeline';
  readonly #deps: PipelineDeps;
  readonly #waiting = new Map<number, Waiting>();
  /** Judged since the last snapshot, by path. */
  #cursors = new Map<string, Cursor>();
  /** Seen by a snapshot and not on disk. */
  #due = new Map<string, Cursor>();
  /** Handed out by the thread and not on disk. */
  #states: States = new Map();
  #saving: Promise<void> = Promise.resolve();
  /** Counts starts and ends; what belongs to another run is ignored. */
  #run = 0;
  #worker: WorkerPort | undefined;
  #sequence = 0;
  #cancelCheckpoint: (() => void) | undefined;
  #saved: (() => void)[] = [];
  #counters: PipelineCounters | undefined;
  #since: Millis;
  #crash: (cause: unknown) => void = () => {};

  constructor(deps: PipelineDeps) {
    this.#deps = deps;
    this.#since = deps.clock.now();
  }

  async start(crash: (cause: unknown) => void): Promise<void> {
    this.#crash = crash;
    this.#since = this.#deps.clock.now();
    const checkpoint = await this.#deps.records.load();
    const run = ++this.#run;
    const ready = Promise.withResolvers<void>();
    this.#worker = this.#deps.startWorker(
      { checks: this.#deps.checks, checkpoint },
      {
        message: (message) => {
          if (message.kind === 'ready') ready.resolve();
          if (run === this.#run) this.#receive(message, run);
        },
        dead: (cause) => {
          ready.reject(cause);
          this.#die(cause, run);
        },
      },
    );
    await ready.promise;
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
    this.#saved.push(resolve);
    this.#worker.post({ kind: 'checkpoint', sequence: ++this.#sequence });
    await promise;
  }

  /** Resolves when the chunk was judged and its findings acted upon. Rejects when the pipeline stops before that. */
  submit(chunk: Chunk): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return Promise.reject(new Error('the pipeline is not running'));
    const sequence = ++this.#sequence;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.set(sequence, { chunk, taken: resolve, lost: reject });
    worker.post({
      kind: 'chunk',
      sequence,
      parser: chunk.parser,
      source: chunk.fingerprint,
      offset: chunk.offset,
      provenance: 'file',
      receivedAt: chunk.receivedAt,
      bytes: chunk.bytes,
      ...(chunk.skipped === undefined ? {} : { flaw: { kind: 'too-long', offset: chunk.skipped.offset } }),
    });
    return promise;
  }

  component(): Component {
    const { unparsed = {}, ...counts } = this.#counters ?? {};
    const reasons = Object.entries(unparsed).map(([reason, lines]) => [`unparsed ${reason}`, lines] as const);
    const state = this.#worker === undefined ? 'starting' : 'ok';
    return { name: 'pipeline', state, since: this.#since, counters: { ...counts, ...Object.fromEntries(reasons) } };
  }

  #receive(message: FromWorker, run: number): void {
    if (message.kind === 'ready') {
      if (message.skipped > 0) this.#deps.log('warn', 'detector state could not be read', { entries: message.skipped });
      return;
    }
    if (message.kind === 'checkpoint') {
      // Answers come in order: the cursors gathered by now belong to chunks that this snapshot has seen, later ones do not.
      this.#merge(message.changes);
      for (const [path, cursor] of this.#cursors) this.#due.set(path, cursor);
      this.#cursors = new Map();
      this.#saving = this.#saving.then(() => this.#save()).catch((cause: unknown) => this.#die(cause, run));
      return;
    }
    this.#counters = message.counters;
    const waiting = this.#waiting.get(message.sequence);
    if (waiting === undefined) return;
    this.#waiting.delete(message.sequence);
    this.#cursors.set(waiting.chunk.cursor.path, waiting.chunk.cursor);
    this.#scheduleCheckpoint();
    this.#deps.record(message.findings).then(waiting.taken, (cause: unknown) => {
      waiting.lost(new Error(`findings were not acted upon: ${messageOf(cause)}`));
      this.#die(cause, run);
    });
  }

  #scheduleCheckpoint(): void {
    this.#cancelCheckpoint ??= this.#deps.clock.after(CHECKPOINT_AFTER, () => {
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

  async #save(): Promise<void> {
    const cursors = this.#due;
    const states = this.#states;
    this.#due = new Map();
    this.#states = new Map();
    const told = this.#saved.splice(0);
    const flushed = await this.#deps.flushed();
    const changes = [...states].map(([check, unsaved]) => ({ check, changes: [...unsaved] }));
    const saved = flushed.ok ? await this.#deps.records.save(changes, [...cursors.values()]) : flushed;
    if (!saved.ok) this.#putBack(states, cursors, saved.public);
    for (const done of told) done();
  }

  /** The disk refused: what was to be saved is part of the next checkpoint, behind what came since. */
  #putBack(states: States, cursors: ReadonlyMap<string, Cursor>, why: string): void {
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
    for (const done of this.#saved.splice(0)) done();
  }
}
