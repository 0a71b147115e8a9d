import type {
  BrokerConnection,
  BrokerLimits,
  BrokerPort,
  ConnectFailure,
  ConnectRequest,
  Outgoing,
  PublishFailure,
} from '../../../actors/controller-link/port.ts';
import { fail, ok, type Result } from '../../../core/base/result.ts';

interface Unsettled {
  readonly message: Outgoing;
  readonly settle: (result: Result<void, PublishFailure>) => void;
}

/** Brokers in memory: what was published, and a hand on everything that can go wrong. */
export class FakeBrokers implements BrokerPort {
  /** What the brokers have got, in order, duplicates too. */
  readonly published: Outgoing[] = [];
  readonly retained = new Map<string, Outgoing>();
  readonly attempts: string[] = [];
  /** Why an attempt fails; nothing: it does not. */
  failing: (broker: string) => ConnectFailure | undefined = () => undefined;
  /** Brokers that take us and never answer what we subscribe to. */
  mute: (broker: string) => boolean = () => false;
  /** Publishes wait until `acknowledge`. */
  isSlow = false;
  refusing: (message: Outgoing) => boolean = () => false;
  limits: BrokerLimits = { receiveMaximum: 65_535, maximumPacketSize: 268_435_455 };
  readonly #unsettled: Unsettled[] = [];
  /** Subscriptions that a broker is mute about. */
  readonly #unanswered: Unsettled['settle'][] = [];
  #connection: { readonly request: ConnectRequest; readonly filters: Set<string> } | undefined;

  async connect(request: ConnectRequest): Promise<Result<BrokerConnection, ConnectFailure>> {
    this.attempts.push(request.broker);
    const failure = this.failing(request.broker);
    if (failure !== undefined) return fail(failure, 'as the test says');
    const mine = { request, filters: new Set<string>() };
    this.#connection = mine;
    const isMine = (): boolean => this.#connection === mine;
    return ok({
      hasSession: false,
      limits: this.limits,
      subscribe: async (filters) => {
        if (this.mute(request.broker)) return new Promise((settle) => this.#unanswered.push(settle));
        for (const filter of filters) mine.filters.add(filter);
        return isMine() ? ok(undefined) : fail('closed', 'gone');
      },
      unsubscribe: async (filters) => {
        for (const filter of filters) mine.filters.delete(filter);
        return isMine() ? ok(undefined) : fail('closed', 'gone');
      },
      publish: (message) => (isMine() ? this.#take(message) : Promise.resolve(fail('closed', 'gone'))),
      close: async () => {
        if (isMine()) this.#connection = undefined;
        this.#drop('closed');
      },
      traffic: () => ({ sent: 0, received: 0 }),
    });
  }

  #take(message: Outgoing): Promise<Result<void, PublishFailure>> {
    if (this.refusing(message)) return Promise.resolve(fail('refused', 'quota exceeded'));
    this.published.push(message);
    if (message.isRetained === true) this.retained.set(message.topic, message);
    if (!this.isSlow) return Promise.resolve(ok(undefined));
    return new Promise((settle) => this.#unsettled.push({ message, settle }));
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  get filters(): readonly string[] {
    return [...(this.#connection?.filters ?? [])];
  }

  get unacknowledged(): readonly Outgoing[] {
    return this.#unsettled.map(({ message }) => message);
  }

  /** Acknowledges so many, the oldest first. */
  acknowledge(count = 1): void {
    for (const { settle } of this.#unsettled.splice(0, count)) settle(ok(undefined));
  }

  /** The connection ends; what was not acknowledged is unknown. */
  cut(why = 'reset by the test'): void {
    const request = this.#connection?.request;
    this.#connection = undefined;
    this.#drop(why);
    request?.onClosed(why);
  }

  #drop(why: string): void {
    const settles = [...this.#unsettled.splice(0).map(({ settle }) => settle), ...this.#unanswered.splice(0)];
    for (const settle of settles) settle(fail('closed', why));
  }

  /** Hands a message to whoever is connected. */
  async deliver(topic: string, payload: Uint8Array, isRetained = false): Promise<void> {
    await this.#connection?.request.onMessage({ topic, payload, isRetained });
  }
}
