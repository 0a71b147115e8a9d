import { assign, createActor, fromPromise } from 'xstate';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { fail, messageOf, type Result } from '../../core/base/result.ts';
import { type Millis, millis, seconds } from '../../core/base/time.ts';
import { machineClock } from '../clock/index.ts';
import { type Attempt, afterFailure, afterLoss, retryDelay } from './backoff.ts';
import { linkMachine, type Tried } from './machine.ts';
import type {
  BrokerConnection,
  BrokerPort,
  ConnectFailure,
  ConnectRequest,
  LinkUp,
  Outgoing,
  Priority,
  PublishFailure,
  SendFailure,
} from './port.ts';
import { Sender } from './sender.ts';

/** What a connection is made of; asked for at each attempt. */
export type ConnectionPlan = Omit<ConnectRequest, 'broker' | 'onMessage' | 'onClosed' | 'signal'> & {
  readonly filters: readonly string[];
};

export interface ConnectionDeps {
  readonly brokers: BrokerPort;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** In the order in which they are tried. */
  readonly urls: () => readonly string[];
  readonly plan: (connection: number) => ConnectionPlan;
  readonly onMessage: ConnectRequest['onMessage'];
  readonly onUp: (up: LinkUp) => void;
  readonly onDown: () => void;
  /** An attempt came to nothing. */
  readonly onFailed: (failure: ConnectFailure | undefined) => void;
}

const SUBSCRIBED_WITHIN = seconds(20);

export type ConnectionState = 'off' | 'connecting' | 'up' | 'pausing' | 'closing';

/**
 * Keeps one connection to one of the brokers, as long as there is to be one. A connection counts as up when its subscriptions
 * stand. Several brokers are tried in their order, and the first that takes us is kept until it is lost.
 */
export class Connection {
  readonly #deps: ConnectionDeps;
  readonly #sender: Sender;
  readonly #actor;
  #connection: BrokerConnection | undefined;
  #broker: string | undefined;
  #number = 0;
  #upSince: Millis | undefined;
  #onClosed: ((why: string) => void) | undefined;
  #idle: (() => void) | undefined;
  readonly counters = { connections: 0, failures: 0 };
  #traffic = { sent: 0, received: 0 };

  constructor(deps: ConnectionDeps) {
    this.#deps = deps;
    this.#sender = new Sender(deps.clock);
    const chance = (): number => {
      const [a = 0, b = 0, c = 0] = deps.random.bytes(3);
      return (a * 65_536 + b * 256 + c) / 2 ** 24;
    };
    const provided = linkMachine.provide({
      actors: {
        connect: fromPromise<Tried, Attempt>(({ input, signal }) => this.#connect(input, signal)),
        close: fromPromise<void>(() => this.#close()),
      },
      actions: {
        noteFailure: assign(({ context, event }) => {
          this.counters.failures++;
          const tried = 'output' in event ? (event.output as Tried) : undefined;
          const why = 'error' in event ? messageOf((event as { error: unknown }).error) : '';
          this.#deps.onFailed(tried === undefined || tried.ok ? undefined : tried.code);
          const attempt = afterFailure(context.attempt, Math.max(1, this.#deps.urls().length));
          return {
            attempt,
            pause: retryDelay(Math.max(1, attempt.rounds), chance()),
            error: tried === undefined || tried.ok ? why : tried.why,
            failure: tried === undefined || tried.ok ? undefined : tried.code,
          };
        }),
        noteLoss: assign(({ context, event }) => {
          const attempt = afterLoss(context.attempt, millis(deps.clock.now() - (this.#upSince ?? deps.clock.now())));
          const error = event.type === 'lost' ? event.why : undefined;
          return { attempt, pause: retryDelay(Math.max(1, attempt.rounds), chance()), error };
        }),
        lost: () => this.#down(),
      },
    });
    this.#actor = createActor(provided, { clock: machineClock(deps.clock) });
    this.#actor.subscribe(({ value }) => {
      if (value === 'up') this.#up();
      if (value === 'off') this.#idle?.();
    });
    this.#actor.start();
  }

  get state(): ConnectionState {
    const { value } = this.#actor.getSnapshot();
    if (value === 'up' || value === 'off' || value === 'pausing') return value;
    return value === 'closing' || value === 'halting' ? 'closing' : 'connecting';
  }

  /** Why it is not up, as far as is known. */
  get trouble(): { readonly why: string; readonly failure: string | undefined } | undefined {
    const { error, failure } = this.#actor.getSnapshot().context;
    return error === undefined ? undefined : { why: error, failure };
  }

  get broker(): string | undefined {
    return this.state === 'up' ? this.#broker : undefined;
  }

  get number(): number {
    return this.#number;
  }

  get upSince(): Millis | undefined {
    return this.#upSince;
  }

  get traffic(): { readonly sent: number; readonly received: number } {
    const none = { sent: 0, received: 0 };
    // What is over is counted already.
    const now = this.#upSince === undefined ? none : (this.#connection?.traffic() ?? none);
    return { sent: this.#traffic.sent + now.sent, received: this.#traffic.received + now.received };
  }

  get sent(): { readonly messages: number; readonly bytes: number; readonly refused: number } {
    return this.#sender.counters;
  }

  /** There is to be one; where there is one already it is made anew, since settings or identity are others now. */
  go(): void {
    this.#actor.send({ type: 'go' });
  }

  /** Another connection, opened from now on. */
  renew(): void {
    this.#actor.send({ type: 'renew' });
  }

  /** Resolves when there is none. */
  halt(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle = resolve;
      this.#actor.send({ type: 'halt' });
      if (this.state === 'off') resolve();
    });
  }

  setRate(bytesPerSecond: number): void {
    this.#sender.setRate(bytesPerSecond);
  }

  largestPayload(topic: string): number {
    return this.#sender.largestPayload(topic);
  }

  send(message: Outgoing, priority: Priority): Promise<Result<void, SendFailure>> {
    return this.#sender.send(message, priority);
  }

  /** Of the connection that stands. */
  async subscribe(filters: readonly string[]): Promise<Result<void, SendFailure>> {
    return this.#connection?.subscribe(filters) ?? fail('not_connected', 'there is no connection to a broker');
  }

  async unsubscribe(filters: readonly string[]): Promise<Result<void, SendFailure>> {
    return this.#connection?.unsubscribe(filters) ?? fail('not_connected', 'there is no connection to a broker');
  }

  async #connect({ place }: Attempt, signal: AbortSignal): Promise<Tried> {
    const { brokers, urls, plan, onMessage, log } = this.#deps;
    const broker = urls()[place];
    if (broker === undefined) return { ok: false, code: 'unreachable', why: 'no broker is known' };
    const number = ++this.#number;
    const { filters, ...request } = plan(number);
    let gone: string | undefined;
    const connected = await brokers.connect({
      ...request,
      broker,
      signal,
      onMessage,
      onClosed: (why) => {
        gone = why;
        this.#onClosed?.(why);
      },
    });
    if (!connected.ok) {
      log('warn', 'no connection to the broker', { broker, reason: connected.public });
      return { ok: false, code: connected.code, why: `${broker}: ${connected.public}` };
    }
    if (signal.aborted) {
      await connected.value.close();
      return { ok: false, code: 'unreachable', why: 'it is not wanted any more' };
    }
    this.#connection = connected.value;
    this.#broker = broker;
    this.#onClosed = (why) => this.#actor.send({ type: 'lost', why: `${broker}: ${why}` });
    const subscribed = await this.#inTime(connected.value.subscribe(filters));
    if (signal.aborted) return { ok: false, code: 'unreachable', why: 'it is not wanted any more' };
    if (subscribed.ok && gone === undefined) return { ok: true };
    await this.#close();
    const why = subscribed.ok ? (gone ?? '') : subscribed.public;
    return { ok: false, code: subscribed.ok ? 'unreachable' : 'refused', why: `${broker}: ${why}` };
  }

  /** A broker that takes us and then says nothing is none: the next one is tried. */
  #inTime(asked: Promise<Result<void, PublishFailure>>): Promise<Result<void, PublishFailure>> {
    return new Promise((resolve) => {
      const cancel = this.#deps.clock.after(SUBSCRIBED_WITHIN, () =>
        resolve(fail('closed', `no answer to our subscriptions within ${SUBSCRIBED_WITHIN / 1000} s`)),
      );
      void asked.then((answer) => {
        cancel();
        resolve(answer);
      });
    });
  }

  #up(): void {
    const { clock, log, onUp } = this.#deps;
    if (this.#upSince !== undefined || this.#connection === undefined || this.#broker === undefined) return;
    this.#upSince = clock.now();
    this.counters.connections++;
    this.#sender.open(this.#connection);
    log('info', 'connected to the broker', { broker: this.#broker, connection: this.#number });
    onUp({ connection: this.#number, broker: this.#broker });
  }

  #down(): void {
    if (this.#upSince === undefined) return;
    this.#upSince = undefined;
    this.#sender.close();
    this.#onClosed = undefined;
    this.#deps.log('info', 'connection to the broker ended', { broker: this.#broker, connection: this.#number });
    this.#deps.onDown();
    if (this.#connection !== undefined) this.#note(this.#connection);
  }

  #note(connection: BrokerConnection): void {
    const { sent, received } = connection.traffic();
    this.#traffic = { sent: this.#traffic.sent + sent, received: this.#traffic.received + received };
  }

  async #close(): Promise<void> {
    const last = this.#connection;
    this.#connection = undefined;
    this.#onClosed = undefined;
    await last?.close();
  }
}
