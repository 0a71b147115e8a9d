import type { Clock } from '../../core/base/ports.ts';
import { fail, type Result } from '../../core/base/result.ts';
import { TokenBucket } from './pace.ts';
import { type BrokerConnection, type Outgoing, PRIORITIES, type Priority, type SendFailure } from './port.ts';

/** Messages without an acknowledgement, of all streams together. */
const STREAMS_AT_ONCE = 16;
/** And of everything. */
const AT_ONCE = 32;
/** Of a packet besides topic and payload: fixed header, properties, content type. */
const PACKET_OVERHEAD = 100;
/** From here on bandwidth is waited for. */
const FIRST_PACED = PRIORITIES.indexOf('audit');
/** A capped link sends nothing that takes it longer than this, where it can be had in parts. */
const LONGEST_SECONDS = 2;
const SMALLEST_PART = 2048;

interface Waiting {
  readonly message: Outgoing;
  readonly priority: number;
  readonly settle: (sent: Result<void, SendFailure>) => void;
}

/**
 * Everything that goes out, the most urgent first, as fast as the broker acknowledges and the bandwidth allows. What the
 * broker has not acknowledged when the connection ends has failed, and whoever sent it decides what then.
 */
export class Sender {
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  readonly #queues: Waiting[][] = PRIORITIES.map(() => []);
  #connection: BrokerConnection | undefined;
  #inFlight = 0;
  #streamsInFlight = 0;
  #cancel: (() => void) | undefined;
  readonly counters = { messages: 0, bytes: 0, refused: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#bucket = new TokenBucket(clock);
  }

  /** @param bytesPerSecond 0: no bound */
  setRate(bytesPerSecond: number): void {
    this.#bucket.setRate(bytesPerSecond);
    this.#pump();
  }

  open(connection: BrokerConnection): void {
    this.#connection = connection;
    this.#inFlight = 0;
    this.#streamsInFlight = 0;
  }

  /** What waits has failed; what is under way fails by itself. */
  close(): void {
    this.#connection = undefined;
    this.#cancel?.();
    this.#cancel = undefined;
    for (const queue of this.#queues) {
      for (const { settle } of queue.splice(0)) settle(fail('not_connected', 'there is no connection to a broker'));
    }
  }

  /** Payload that one message may hold, bytes. */
  largestPayload(topic: string): number {
    const rate = this.#bucket.rate;
    const paced = rate === 0 ? Number.POSITIVE_INFINITY : Math.max(SMALLEST_PART, rate * LONGEST_SECONDS);
    const broker = this.#connection?.limits.maximumPacketSize ?? Number.POSITIVE_INFINITY;
    return Math.min(paced, broker - topic.length - PACKET_OVERHEAD);
  }

  /** Resolves when the broker has it, or when it is known that it has not, or that nobody knows. */
  send(message: Outgoing, priority: Priority): Promise<Result<void, SendFailure>> {
    return new Promise((settle) => {
      const { topic, payload } = message;
      const connection = this.#connection;
      if (connection === undefined) {
        settle(fail('not_connected', 'there is no connection to a broker'));
      } else if (payload.length + topic.length + PACKET_OVERHEAD > connection.limits.maximumPacketSize) {
        settle(fail('too_large', `the broker takes no message of ${payload.length} bytes`));
      } else {
        const place = PRIORITIES.indexOf(priority);
        this.#queues[place]?.push({ message, priority: place, settle });
        this.#pump();
      }
    });
  }

  #pump(): void {
    for (;;) {
      const connection = this.#connection;
      if (connection === undefined) return;
      const next = this.#next(connection);
      if (next === undefined) return;
      this.#publish(connection, next);
    }
  }

  /** The most urgent that may go now; where only time is missing it is looked at again then. */
  #next({ limits }: BrokerConnection): Waiting | undefined {
    const most = Math.min(AT_ONCE, limits.receiveMaximum);
    if (this.#inFlight >= most) return undefined;
    const urgent = this.#queues.slice(0, FIRST_PACED).find((queue) => queue.length > 0);
    if (urgent !== undefined) return urgent.shift();
    // What is urgent finds a place whenever it comes, but where the broker gives us hardly any.
    const mostStreams = Math.min(STREAMS_AT_ONCE, Math.max(1, most - 2));
    if (this.#streamsInFlight >= mostStreams) return undefined;
    const queue = this.#queues.slice(FIRST_PACED).find((one) => one.length > 0);
    if (queue === undefined) return undefined;
    const wait = this.#bucket.wait();
    if (wait === 0) return queue.shift();
    this.#cancel ??= this.#clock.after(wait, () => {
      this.#cancel = undefined;
      this.#pump();
    });
    return undefined;
  }

  #publish(connection: BrokerConnection, { message, priority, settle }: Waiting): void {
    const bytes = message.payload.length + message.topic.length + PACKET_OVERHEAD;
    const isStream = priority >= FIRST_PACED;
    this.#bucket.take(bytes);
    this.#inFlight++;
    if (isStream) this.#streamsInFlight++;
    this.counters.messages++;
    this.counters.bytes += bytes;
    void connection.publish(message).then((sent) => {
      if (!sent.ok && sent.code === 'refused') this.counters.refused++;
      settle(sent);
      if (this.#connection !== connection) return;
      this.#inFlight--;
      if (isStream) this.#streamsInFlight--;
      this.#pump();
    });
  }
}
