import { messageOf } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';
import { JournalBatch } from './batch.ts';
import { CLOSED, explain, failure, libraryRefusal, refuse, unavailable } from './failure.ts';
import type {
  JournalFailure,
  JournalFiles,
  JournalNews,
  JournalPort,
  JournalResult,
  JournalTarget,
  Landing,
  ReadLimits,
} from './port.ts';
import { checkLimits, checkTarget, checkWait, DEFAULT_READ } from './validate.ts';
import * as wire from './wire.ts';

/** What carries a call to an engine and its answer back, in order. */
export interface EngineLink {
  /** Rejects when the answer was lost. */
  call(request: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
  /** Resolves when every call before it was answered and the engine is gone. Called once. */
  close(): Promise<unknown>;
}

/** The journal port over a link to the engine. Checks and words are here, libsystemd is behind the link. */
export class WireJournal implements JournalPort {
  readonly #link: EngineLink;
  readonly #fields: readonly string[];
  #closing: Promise<void> | undefined;

  /** @param fields those the engine was opened with */
  constructor(link: EngineLink, fields: readonly string[]) {
    this.#link = link;
    this.#fields = fields;
  }

  async seek(target: JournalTarget): Promise<JournalResult<Landing>> {
    return checkTarget(target) ?? this.#ask(wire.encodeSeek(target), 'seek in the journal', decodeLanding);
  }

  async read(limits: ReadLimits = DEFAULT_READ): Promise<JournalResult<JournalBatch>> {
    const decode = (body: wire.Source): JournalBatch => new JournalBatch(body.rest(), this.#fields);
    return checkLimits(limits) ?? this.#ask(wire.encodeRead(limits), 'read the journal', decode);
  }

  async wait(atMost: Millis): Promise<JournalResult<JournalNews>> {
    return checkWait(atMost) ?? this.#ask(wire.encodeWait(atMost), 'wait for the journal', wire.decodeNews);
  }

  async files(): Promise<JournalResult<JournalFiles>> {
    return this.#ask(wire.encodeFiles(), 'look at the journal files', decodeFiles);
  }

  close(): Promise<void> {
    this.#closing ??= this.#link.close().then(() => undefined);
    return this.#closing;
  }

  async #ask<V>(request: Uint8Array, doing: string, decode: (body: wire.Source) => V): Promise<JournalResult<V>> {
    if (this.#closing !== undefined) return CLOSED;
    try {
      const answer = wire.decodeAnswer(await this.#link.call(request));
      return answer.ok ? { ok: true, value: decode(answer.body) } : toFailure(answer, doing);
    } catch (thrown) {
      return failure('failed', 0, `${doing}: the answer was lost (${messageOf(thrown)})`);
    }
  }
}

export function toFailure({ kind, errno, reason }: wire.WireRefusal, doing: string): JournalFailure {
  switch (kind) {
    case 'no-library':
      return unavailable(reason);
    case 'invalid':
      return refuse(`${doing}: ${reason}`);
    case 'stopped':
      return CLOSED;
    case 'errno':
      return libraryRefusal(doing, errno);
  }
}

function decodeLanding(body: wire.Source): Landing {
  const [exact, before, next] = [body.u32() === 1, body.text(), body.text()];
  return { exact, ...(before === '' ? {} : { before }), ...(next === '' ? {} : { next }) };
}

function decodeFiles(body: wire.Source): JournalFiles {
  const readable = body.u32();
  const refused = Array.from({ length: body.u32() }, () => {
    const [path, errno] = [body.text(), body.u32()];
    return { path, errno, why: explain(errno) };
  });
  return { readable, refused };
}
