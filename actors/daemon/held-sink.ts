import type { Chunk, ChunkSink } from '../watchers/files/index.ts';
import type { JournalLead } from './journal-lead.ts';

/** Lines of files, held until it is known which of them are left to the journal. */
export class HeldSink implements ChunkSink {
  readonly #sink: ChunkSink;
  readonly #lead: JournalLead;
  /** Rejects when what is still held must not be taken any more: its source will read it again. */
  #closed = Promise.withResolvers<never>();

  constructor(sink: ChunkSink, lead: JournalLead) {
    this.#sink = sink;
    this.#lead = lead;
  }

  open(): void {
    this.#closed = Promise.withResolvers();
    this.#closed.promise.catch(() => {});
  }

  close(): void {
    this.#closed.reject(new Error('the source was stopped'));
  }

  async submit(chunk: Chunk): Promise<void> {
    if (!this.#lead.isSettled) await Promise.race([this.#lead.settled(), this.#closed.promise]);
    await this.#sink.submit(chunk);
  }
}
