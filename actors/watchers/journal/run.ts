import { createActor } from 'xstate';
import type { Component } from '../../../core/base/component.ts';
import type { Clock } from '../../../core/base/ports.ts';
import { type Millis, millis } from '../../../core/base/time.ts';
import type { JournalCursor } from '../../../core/event/cursor.ts';
import { JOURNAL_FIELDS } from '../../../core/event/journal-line.ts';
import {
  type FieldValue,
  type JournalBatch,
  type JournalFailure,
  type JournalOptions,
  type JournalPort,
  type JournalResult,
  type JournalSource,
  parseCursor,
  type ReadLimits,
} from '../../../native/journal/index.ts';
import { type JournalEffects, type JournalEvent, journalMachine } from './machine.ts';
import type { JournalChunk, JournalLoss, JournalSink } from './port.ts';
import { resume, toMillis } from './resume.ts';
import { JournalStatus } from './status.ts';

export interface JournalWatcherParts {
  readonly source: Exclude<JournalSource, { readonly kind: 'files' }>;
  /** `openJournal`, or a fake. */
  readonly open: (options: JournalOptions) => Promise<JournalResult<JournalPort>>;
  /** Entries of our own, see `ownEntries`: never handed on, or the log of a batch would be the next one. */
  readonly own: readonly (readonly FieldValue[])[];
  /**
   * The durable cursor under this path, asked for at each start; absent: a first start. Entries behind it are read again,
   * so after a crash of the watcher alone it must cover what the sink has taken.
   */
  readonly cursor: (path: string) => JournalCursor | undefined | Promise<JournalCursor | undefined>;
  readonly sink: JournalSink;
  readonly clock: Clock;
  readonly report: (component: Component) => void;
  readonly lost: (loss: JournalLoss) => void;
  /** Of one chunk. */
  readonly limits?: ReadLimits;
}

export interface JournalRunParts extends Omit<JournalWatcherParts, 'cursor'> {
  readonly cursor: JournalCursor | undefined;
  readonly crash: (cause: unknown) => void;
}

/** A chunk of lines as they are logged by one busy host in some milliseconds; more only means more to lose at once. */
const LIMITS: ReadLimits = { entries: 1024, bytes: 512 * 1024 };

/** So many entries of our own are passed over before the cursor is handed on without others. */
const OWN_ENTRIES = 1000;

/** @returns the name of a journal among cursors and components */
export const nameOf = (source: JournalWatcherParts['source']): string =>
  source.kind === 'system' ? 'journal:system' : `journal:${source.path}`;

/** One start-to-stop of the watcher: all its state, so that a restart begins clean. */
export class JournalRun implements JournalEffects {
  readonly #parts: JournalRunParts;
  readonly #status: JournalStatus;
  readonly #name: string;
  readonly #actor;
  #port: JournalPort | undefined;
  #cursor: JournalCursor | undefined;
  /** Entries of our own since a cursor was last handed on. */
  #own = 0;
  /** Counts releases: what is under way for an earlier one answers no more. */
  #life = 0;
  #closing: Promise<unknown> = Promise.resolve();

  constructor(parts: JournalRunParts) {
    this.#parts = parts;
    this.#name = nameOf(parts.source);
    this.#status = new JournalStatus(this.#name, parts.clock, parts.report);
    this.#cursor = parts.cursor;
    const clock = {
      setTimeout: (run: () => void, delay: number): (() => void) => parts.clock.after(millis(delay), run),
      clearTimeout: (cancel: (() => void) | undefined): void => cancel?.(),
    };
    this.#actor = createActor(journalMachine, { clock, input: this });
    this.#actor.subscribe({ error: parts.crash });
  }

  start(): void {
    this.#status.flush();
    this.#actor.start();
  }

  async stop(): Promise<void> {
    this.#actor.stop();
    this.release();
    await this.#closing;
  }

  open(): void {
    this.#effect(async (life) => {
      const { source, own, open } = this.#parts;
      const opened = await open({ source, fields: JOURNAL_FIELDS, exclude: own });
      if (!opened.ok) return this.#refuse(opened);
      if (life !== this.#life) {
        await opened.value.close();
        return 'obsolete';
      }
      this.#port = opened.value;
      this.#status.counters.openings++;
      const files = await opened.value.files();
      if (!files.ok) return this.#refuse(files);
      this.#status.hinder(files.value);
      if (files.value.readable > 0) return { type: 'opened' };
      const [first] = files.value.refused;
      if (first !== undefined) return this.#say('failed', `cannot read ${first.path}: ${first.why}`, 'refused');
      // What is logged once there is a journal is all new.
      if (this.#cursor === undefined && !(await this.#mark(''))) return { type: 'refused' };
      return this.#say('waiting', 'there is no journal yet: it is read from its beginning when it appears', 'absent');
    });
  }

  place(): void {
    this.#effect(async () => {
      const port = this.#opened();
      if (this.#cursor === undefined) {
        const tail = await port.seek({ to: 'tail' });
        if (!tail.ok) return this.#refuse(tail, 'trouble');
        return (await this.#mark(tail.value.before ?? '')) ? { type: 'placed' } : { type: 'trouble' };
      }
      const resumed = await resume(port, this.#cursor);
      if (!resumed.ok) return this.#refuse(resumed, 'trouble');
      if (resumed.value.loss !== undefined) this.#lose(resumed.value.loss);
      return { type: 'placed' };
    });
  }

  /** One batch is read while the one before is with the sink. */
  read(): void {
    this.#effect(async (life) => {
      const port = this.#opened();
      const { limits = LIMITS } = this.#parts;
      let progressed = false;
      let ahead = port.read(limits);
      for (;;) {
        const batch = await ahead;
        if (life !== this.#life) return 'obsolete';
        if (!batch.ok) return this.#refuse(batch, 'trouble');
        if (batch.value.length === 0 && batch.value.excluded === 0) break;
        ahead = port.read(limits);
        this.#count(batch.value);
        progressed ||= batch.value.length > 0;
        if (!(await this.#handOn(batch.value))) return { type: 'trouble' };
      }
      this.#status.say('ok');
      return { type: 'caughtUp', progressed };
    });
  }

  listen(atMost: Millis): void {
    this.#effect(async () => {
      const news = await this.#opened().wait(atMost);
      this.#status.flush();
      return news.ok ? { type: 'news', news: news.value } : this.#refuse(news, 'trouble');
    });
  }

  release(): void {
    this.#life++;
    const port = this.#port;
    this.#port = undefined;
    this.#closing = Promise.all([this.#closing, port?.close()]);
  }

  /** Runs what answers with an event, unless it was released meanwhile. */
  #effect(run: (life: number) => Promise<JournalEvent | 'obsolete'>): void {
    const life = this.#life;
    run(life).then(
      (event) => {
        if (life === this.#life && event !== 'obsolete') this.#actor.send(event);
      },
      (cause: unknown) => {
        if (life === this.#life) this.#parts.crash(cause);
      },
    );
  }

  #opened(): JournalPort {
    if (this.#port === undefined) throw new Error('the journal is not open');
    return this.#port;
  }

  #count({ length, excluded, damaged, missing }: JournalBatch): void {
    const { counters } = this.#status;
    counters.entries += length;
    counters.own += excluded;
    counters.damaged += damaged;
    counters.missing += missing;
    this.#own += excluded;
  }

  /** @returns whether the sink took it */
  async #handOn(batch: JournalBatch): Promise<boolean> {
    const after = this.#cursor?.at ?? millis(0);
    const at = toMillis(parseCursor(batch.last)?.realtime ?? 0);
    if (batch.missing > 0) {
      this.#lose({ why: 'missing', after, before: at, atMost: batch.missing });
    }
    const cursor = { path: this.#name, cursor: batch.last, at };
    if (batch.length === 0 && this.#own < OWN_ENTRIES) {
      this.#cursor = cursor;
      return true;
    }
    return this.#submit({ bytes: batch.bytes, entries: batch.length, cursor });
  }

  /** A cursor without entries. */
  #mark(cursor: string): Promise<boolean> {
    const at = toMillis(parseCursor(cursor)?.realtime ?? 0);
    return this.#submit({ bytes: new Uint8Array(0), entries: 0, cursor: { path: this.#name, cursor, at } });
  }

  async #submit(news: Pick<JournalChunk, 'bytes' | 'entries' | 'cursor'>): Promise<boolean> {
    const { sink, clock } = this.#parts;
    try {
      await sink.submit({ source: 'journal', receivedAt: clock.now(), ...news });
    } catch {
      this.#status.say('degraded', 'the pipeline does not take entries now: they are kept in the journal');
      return false;
    }
    this.#cursor = news.cursor;
    this.#own = 0;
    return true;
  }

  #lose(loss: JournalLoss): void {
    this.#status.lose(loss);
    this.#parts.lost(loss);
  }

  #refuse({ code, public: text }: JournalFailure, type: 'refused' | 'trouble' = 'refused'): JournalEvent {
    this.#status.say('failed', text);
    return { type: code === 'unavailable' ? 'unavailable' : code === 'absent' && type === 'refused' ? 'absent' : type };
  }

  #say(state: 'failed' | 'waiting', text: string, type: 'refused' | 'absent'): JournalEvent {
    this.#status.say(state, text);
    return { type };
  }
}
