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
  /** Resolves when all recorded findings were handed to the disk: a cursor must never be ahead of them. */
  readonly flushed: () => Promise<void>;
}

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
  /** Judged since the last checkpoint, by path. */
  #cursors = new Map<string, Cursor>();
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
    this.#worker = this.#deps.startWorker(
      { checks: this.#deps.checks, checkpoint },
      { message: (message) => this.#receive(message), dead: (cause) => this.#die(cause) },
    );
  }

  async stop(): Promise<void> {
    await this.checkpoint();
    this.#cancelCheckpoint?.();
    this.#cancelCheckpoint = undefined;
    this.#forget(new Error('the pipeline was stopped'));
    const worker = this.#worker;
    this.#worker = undefined;
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

  #receive(message: FromWorker): void {
    if (message.kind === 'ready') {
      if (message.skipped > 0) this.#deps.log('warn', 'detector state could not be read', { entries: message.skipped });
      return;
    }
    if (message.kind === 'checkpoint') {
      this.#save(message.changes).catch((cause: unknown) => this.#die(cause));
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
      this.#die(cause);
    });
  }

  #scheduleCheckpoint(): void {
    this.#cancelCheckpoint ??= this.#deps.clock.after(CHECKPOINT_AFTER, () => {
      this.#cancelCheckpoint = undefined;
      this.#worker?.post({ kind: 'checkpoint', sequence: ++this.#sequence });
    });
  }

  /** Answers come in order, so all cursors gathered by now belong to chunks that the snapshot has seen. */
  async #save(changes: readonly DetectorState[]): Promise<void> {
    const cursors = [...this.#cursors.values()];
    this.#cursors = new Map();
    const told = this.#saved.splice(0);
    try {
      await this.#deps.flushed();
      const saved = await this.#deps.records.save(changes, cursors);
      if (!saved.ok) throw new Error(`checkpoint: ${saved.public}`);
    } finally {
      for (const done of told) done();
    }
  }

  #die(cause: unknown): void {
    this.#deps.log('error', 'pipeline failed', { error: messageOf(cause) });
    this.#worker?.terminate().catch(() => {});
    this.#worker = undefined;
    this.#forget(new Error(messageOf(cause)));
    this.#crash(cause);
  }

  #forget(cause: Error): void {
    for (const { lost } of this.#waiting.values()) lost(cause);
    this.#waiting.clear();
    this.#cursors.clear();
    for (const done of this.#saved.splice(0)) done();
  }
}
