import type { HttpReply, ReplyStream } from '../../../core/api/http.ts';
import type { UwsExchange } from './exchange.ts';
import type { FanOut, Writer } from './fan-out.ts';
import { type ReplyDesk, writeHead } from './reply.ts';

/** What all streams of a listener share. */
export interface StreamDesk extends ReplyDesk {
  readonly fanOut: FanOut;
}

/**
 * Starts an endless body. A client that reads slower than is written is cut when its buffer is full: it reconnects and
 * knows from the last id what it missed, where a silently thinned stream would not tell.
 */
export function sendStream(desk: StreamDesk, exchange: UwsExchange, reply: HttpReply, stream: ReplyStream): void {
  new StreamClient(desk, exchange, stream).open(reply);
}

class StreamClient implements Writer {
  readonly #desk: StreamDesk;
  readonly #exchange: UwsExchange;
  readonly #stream: ReplyStream;
  #waiting = '';
  /** The engine has not got rid of what it was given last. */
  #isBlocked = false;
  #cancelBeat = () => {};
  #cancelStall = () => {};

  constructor(desk: StreamDesk, exchange: UwsExchange, stream: ReplyStream) {
    this.#desk = desk;
    this.#exchange = exchange;
    this.#stream = stream;
  }

  open(reply: HttpReply): void {
    const exchange = this.#exchange;
    const { response } = exchange;
    exchange.isAnswered = true;
    exchange.endStream = () => this.#end();
    exchange.whenOver(() => this.#close());
    response.onWritable(() => this.#goOn());
    response.cork(() => {
      writeHead(response, reply, true);
      // The head goes out with the first piece of the body.
      this.#isBlocked = !response.write(this.#stream.keepalive.text);
    });
    this.#stream.start((text) => this.#write(text));
    this.#beat();
  }

  flush(): void {
    if (this.#exchange.isOver || this.#isBlocked || this.#waiting === '') return;
    const { response } = this.#exchange;
    const text = this.#waiting;
    this.#waiting = '';
    response.cork(() => {
      this.#isBlocked = !response.write(text);
    });
    if (!this.#isBlocked) return;
    const { clock, limits } = this.#desk;
    this.#cancelStall = clock.after(limits.stall, () => this.#exchange.cut());
  }

  #write(text: string): void {
    if (this.#exchange.isOver) return;
    this.#waiting += text;
    if (this.#waiting.length <= this.#desk.limits.streamBuffer) this.#desk.fanOut.schedule(this);
    else {
      const about = { peer: this.#exchange.peer, waiting: this.#waiting.length };
      this.#desk.log('warn', 'stream client cut: it reads too slowly', about);
      this.#exchange.cut();
    }
  }

  /** The engine takes again. What it still holds goes out with the next write only, so there has to be one. */
  #goOn(): boolean {
    if (!this.#isBlocked) return true;
    this.#isBlocked = false;
    this.#cancelStall();
    if (this.#waiting === '') this.#waiting = this.#stream.keepalive.text;
    this.flush();
    return !this.#isBlocked;
  }

  #beat(): void {
    const { text, every } = this.#stream.keepalive;
    this.#cancelBeat = this.#desk.clock.after(every, () => {
      this.#write(text);
      if (!this.#exchange.isOver) this.#beat();
    });
  }

  #end(): void {
    const { response } = this.#exchange;
    response.cork(() => response.end(this.#waiting, true));
    this.#exchange.complete();
  }

  #close(): void {
    this.#cancelBeat();
    this.#cancelStall();
    this.#waiting = '';
    this.#desk.fanOut.drop(this);
  }
}
