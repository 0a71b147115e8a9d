import type { StreamSink } from '../../../core/api/http.ts';

/** Bytes beyond which this client's writer is told to hold back. */
const BOUND = 4096;

/** A client at the end of a stream, without a network: reads when it is told to. */
export class StreamClient implements StreamSink {
  readonly #gone = new AbortController();
  readonly #bound: number;
  #waiting: Uint8Array[] = [];
  #size = 0;
  #received = '';
  #ended = false;
  #blocked = false;
  #onDrain = () => {};

  constructor(bound = BOUND) {
    this.#bound = bound;
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Everything read so far. */
  get received(): string {
    return this.#received;
  }

  get waiting(): number {
    return this.#size;
  }

  get ended(): boolean {
    return this.#ended;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#ended || this.signal.aborted) return true;
    this.#waiting.push(bytes);
    this.#size += bytes.length;
    if (this.#size > this.#bound) this.#blocked = true;
    return this.#size <= this.#bound;
  }

  onDrain(run: () => void): void {
    this.#onDrain = run;
  }

  end(): void {
    this.#ended = true;
  }

  /** Reads what waits, as many bytes as given at the most. */
  read(most = Number.POSITIVE_INFINITY): this {
    const all = Buffer.concat(this.#waiting);
    const taken = all.subarray(0, most);
    this.#received += taken.toString('latin1');
    const left = all.subarray(taken.length);
    this.#waiting = left.length > 0 ? [left] : [];
    this.#size = left.length;
    if (!this.#blocked || this.#size > 0) return this;
    this.#blocked = false;
    if (!this.signal.aborted) this.#onDrain();
    return this;
  }

  /** The line goes; what waits is lost. */
  leave(): void {
    this.#waiting = [];
    this.#size = 0;
    this.#gone.abort();
  }
}

/** A frame as a standard client reads it. */
export interface ReadEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: unknown;
}

/** What a standard client makes of the whole frames in `text`; comments and hints leave no event. */
export function eventsIn(text: string): readonly ReadEvent[] {
  const whole = text.slice(0, text.lastIndexOf('\n\n') + 1);
  return whole.split('\n\n').flatMap((frame) => {
    const fields = new Map(frame.split('\n').map((line) => [line.slice(0, line.indexOf(':')), fieldValue(line)]));
    const data = fields.get('data');
    if (data === undefined) return [];
    return [{ id: fields.get('id'), event: fields.get('event') ?? 'message', data: JSON.parse(data) as unknown }];
  });
}

const fieldValue = (line: string): string => line.slice(line.indexOf(':') + 1).replace(/^ /, '');

/** What an id means to the appliance. A client must not look into it. */
export const serialOf = (id = ''): number => Number(id.split('-')[1]);
