import type { HttpReply, ReplyStream, StreamSink } from '../../../core/api/http.ts';
import type { UwsExchange } from './exchange.ts';
import type { ReplyDesk } from './reply.ts';

/** A comment of an event stream, which no client sees as an event. */
const COMMENT = new TextEncoder().encode(':\n');

/** Starts a body without end: of events, since the engine now and then needs something to write that means nothing. */
export function sendStream(desk: ReplyDesk, exchange: UwsExchange, reply: HttpReply, stream: ReplyStream): void {
  const type = reply.headers['content-type'] ?? '';
  if (!type.startsWith('text/event-stream')) throw new Error(`a stream of ${type} cannot be sent`);
  const client = new StreamClient(desk, exchange);
  client.open(reply);
  stream.start(client);
  exchange.forgetHead();
}

/** Nothing is copied for a client that keeps up: its bytes go to the kernel as they are. */
class StreamClient implements StreamSink {
  readonly #desk: ReplyDesk;
  readonly #exchange: UwsExchange;
  /** What the engine has not been given. */
  #queue: Uint8Array[] = [];
  /** Bytes in the queue and, while the engine is stuck, those it was given last. */
  #waiting = 0;
  /** The engine has not got rid of what it was given last. */
  #isStuck = false;
  #isHeldBack = false;
  #isEnding = false;
  #onDrain = () => {};

  constructor(desk: ReplyDesk, exchange: UwsExchange) {
    this.#desk = desk;
    this.#exchange = exchange;
  }

  open(reply: HttpReply): void {
    const exchange = this.#exchange;
    const { response } = exchange;
    exchange.isAnswered = true;
    exchange.ignoreBody();
    exchange.endStream = () => this.end();
    response.onWritable(() => this.#goOn());
    const head = this.#desk.headText(reply);
    exchange.write(() => response.writeStatus(head).writeHeader('connection', 'close'));
    // The end of the head goes out with the first piece of the body.
    this.#send(COMMENT);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#exchange.isOver || this.#isEnding || bytes.length === 0) return true;
    if (!this.#isStuck) this.#send(bytes);
    else {
      this.#queue.push(bytes);
      this.#waiting += bytes.length;
    }
    const { log, limits } = this.#desk;
    if (this.#waiting > limits.streamLimit) {
      const about = { peer: this.#exchange.peer, waiting: this.#waiting };
      log('warn', 'stream client cut: its buffer overflows', about);
      this.#exchange.cut();
    }
    const isRoomy = this.#waiting <= limits.streamBuffer;
    if (!isRoomy) this.#isHeldBack = true;
    return isRoomy;
  }

  onDrain(run: () => void): void {
    this.#onDrain = run;
  }

  /**
   * The connection is closed rather than the body ended: the engine ends a body in chunks with a line about the
   * connection in its midst when it is also to close it.
   */
  end(): void {
    if (this.#exchange.isOver || this.#isEnding) return;
    this.#isEnding = true;
    const { clock, limits } = this.#desk;
    if (this.#isStuck) this.#exchange.whenOver(clock.after(limits.stall, () => this.#exchange.cut()));
    else setImmediate(() => this.#exchange.cut());
  }

  #send(bytes: Uint8Array): void {
    const { response } = this.#exchange;
    this.#exchange.write(() => {
      this.#isStuck = !response.write(bytes);
    });
    this.#waiting = this.#isStuck ? bytes.length : 0;
  }

  /** The engine takes again. What it still holds goes out with the next write only, so there has to be one. */
  #goOn(): boolean {
    if (!this.#isStuck) return true;
    const bytes = this.#queue.length === 0 ? COMMENT : Buffer.concat(this.#queue);
    this.#queue = [];
    this.#send(bytes);
    if (this.#isStuck) return false;
    if (this.#isEnding) setImmediate(() => this.#exchange.cut());
    else if (this.#isHeldBack) {
      this.#isHeldBack = false;
      this.#onDrain();
    }
    return true;
  }
}
