import { messageOf } from '../../core/base/result.ts';
import type { SearcherEvents, SearcherPort } from './effects.ts';
import type { FromSearcher, SearcherSettings, ToSearcher } from './protocol.ts';

/** What was asked of the thread ended without an answer. */
export type SearchFailure =
  /** So many searches are under way that another would only slow them down. */
  | { readonly kind: 'busy'; readonly why: string }
  /** The thread ended. */
  | { readonly kind: 'failed'; readonly why: string };

export type StartSearcher = (settings: SearcherSettings, events: SearcherEvents) => SearcherPort;

type Event = Extract<FromSearcher, { kind: 'event' }>['event'];
type Request = Extract<ToSearcher, { kind: 'search' | 'verify' }>;
type Ask = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

/** At once; they take turns on one thread. */
const MOST = 8;

interface Running {
  readonly tell: (event: Event | SearchFailure | undefined) => void;
}

/** Runs searches on a thread that is there while they are. */
export class Searches {
  readonly #start: StartSearcher;
  readonly #settings: SearcherSettings;
  readonly #running = new Map<number, Running>();
  #thread: SearcherPort | undefined;
  #last = 0;

  constructor(start: StartSearcher, settings: SearcherSettings) {
    this.#start = start;
    this.#settings = settings;
  }

  get count(): number {
    return this.#last;
  }

  get isIdle(): boolean {
    return this.#running.size === 0;
  }

  /** The answers as they come. Leaving the loop, or aborting, cancels what was asked. @throws the signal's reason */
  async *run(ask: Ask, signal?: AbortSignal): AsyncGenerator<Event | SearchFailure, void> {
    signal?.throwIfAborted();
    if (this.#running.size >= MOST)
      return yield { kind: 'busy', why: `${MOST} searches are under way; try again later` };
    const id = ++this.#last;
    const answers: (Event | SearchFailure | undefined)[] = [];
    let wake = (): void => {};
    const tell = (answer: Event | SearchFailure | undefined): void => {
      answers.push(answer);
      wake();
    };
    this.#running.set(id, { tell });
    const abort = (): void => tell(undefined);
    signal?.addEventListener('abort', abort);
    this.#post({ ...ask, id } as Request);
    try {
      for (;;) {
        signal?.throwIfAborted();
        if (answers.length > 0) {
          const answer = answers.shift();
          if (answer !== undefined) yield answer;
          continue;
        }
        if (!this.#running.has(id)) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      if (this.#running.delete(id)) this.#thread?.post({ kind: 'cancel', id });
    }
  }

  async stop(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    this.#endAll({ kind: 'failed', why: 'the search was ended: Bartizan stops' });
    await thread?.terminate();
  }

  /** Lets the thread go while nobody searches: it holds memory. */
  async rest(): Promise<void> {
    if (!this.isIdle) return;
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
  }

  #post(request: Request): void {
    this.#thread ??= this.#start(this.#settings, {
      message: (message) => this.#receive(message),
      dead: (cause) => {
        this.#thread = undefined;
        this.#endAll({ kind: 'failed', why: `the search thread ended: ${messageOf(cause)}` });
      },
    });
    this.#thread.post(request);
  }

  #receive(message: FromSearcher): void {
    const running = this.#running.get(message.id);
    if (running === undefined) return;
    if (message.kind === 'event') {
      running.tell(message.event);
      return;
    }
    this.#running.delete(message.id);
    running.tell(undefined);
  }

  #endAll(why: SearchFailure): void {
    const running = [...this.#running.values()];
    this.#running.clear();
    for (const { tell } of running) tell(why);
  }
}
