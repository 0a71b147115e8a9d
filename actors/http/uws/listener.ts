import type { Dispatch, HttpReply } from '../../../core/api/http.ts';
import { messageOf, ok, type Result } from '../../../core/base/result.ts';
import type { Millis } from '../../../core/base/time.ts';
import { flawOf } from '../head.ts';
import { letGo } from '../let-go.ts';
import type { Listener, TlsMaterial } from '../port.ts';
import { late } from '../whole-body.ts';
import type { Connection, Uws, UwsApp, UwsListenSocket, UwsRequest, UwsResponse } from './binding.ts';
import { type ExchangeDesk, UwsExchange } from './exchange.ts';
import { peerNames } from './peer.ts';
import { sendPieces } from './pieces.ts';
import { type ReplyDesk, sendReply } from './reply.ts';
import { sendSource } from './source.ts';
import { sendStream } from './stream.ts';

/** Makes an app with this certificate, ready to be handed connections. */
export type MakeApp = (tls: TlsMaterial) => Result<UwsApp, 'bad_certificate'>;

/** What a listener works with. */
export interface ListenerParts {
  readonly uws: Uws;
  readonly desk: Omit<ReplyDesk, 'stopping'>;
  readonly serve: Dispatch;
  readonly makeApp: MakeApp;
}

/**
 * The connections of an app. The engine names no connection to its requests, so all of an app are as old as the first of
 * those that followed each other without a pause; who needs to tell younger ones has a new app made.
 */
interface Held {
  connections: number;
  since: Millis;
}

/**
 * One listening app that serves nobody, and behind it the app that has the current certificate and is handed every new
 * connection. An app that had a former certificate keeps its connections until they end.
 */
export class UwsListener implements Listener {
  readonly #parts: ListenerParts;
  readonly #desk: ReplyDesk;
  readonly #exchangeDesk: ExchangeDesk;
  readonly #door: UwsApp;
  readonly #peerName = peerNames();
  readonly #streams = new Set<UwsExchange>();
  /** Exchanges that are not over. */
  #underway = 0;
  readonly #apps = new Map<UwsApp, Held>();
  #current: UwsApp | undefined;
  #tls: TlsMaterial | undefined;
  #socket: UwsListenSocket | undefined;
  #connections = 0;
  #isStopping = false;
  #stopped: Promise<void> | undefined;
  #onQuiet = () => {};

  constructor(parts: ListenerParts, door: UwsApp) {
    this.#parts = parts;
    this.#door = door;
    this.#desk = { ...parts.desk, stopping: () => this.#isStopping };
    this.#exchangeDesk = { ...parts.desk, onOver: (exchange) => this.#forget(exchange) };
  }

  /** @returns whether it listens now */
  open(host: string, port: number): boolean {
    const { uws } = this.#parts;
    this.#door.listen(host, port, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, (socket) => {
      if (socket !== false) this.#socket = socket;
    });
    return this.#socket !== undefined;
  }

  get port(): number {
    return this.#socket === undefined ? 0 : this.#parts.uws.us_socket_local_port(this.#socket);
  }

  reload(tls: TlsMaterial): Result<void, 'bad_certificate'> {
    const made = this.#parts.makeApp(tls);
    if (!made.ok) return made;
    this.#tls = tls;
    const former = this.#current;
    this.#hang(made.value);
    this.#door.addChildAppDescriptor(made.value.getDescriptor());
    if (former !== undefined) {
      this.#door.removeChildAppDescriptor(former.getDescriptor());
      this.#closeIfLeft(former);
    }
    return ok(undefined);
  }

  /** An app of their own for those to come. */
  mark(): void {
    if (this.#tls === undefined || this.#isStopping) return;
    const made = this.reload(this.#tls);
    if (!made.ok) this.#desk.log('error', 'new connections cannot be told from old ones', { reason: made.public });
  }

  stop(grace: Millis): Promise<void> {
    this.#stopped ??= this.#stop(grace);
    return this.#stopped;
  }

  async #stop(grace: Millis): Promise<void> {
    this.#isStopping = true;
    if (this.#socket !== undefined) this.#parts.uws.us_listen_socket_close(this.#socket);
    for (const exchange of [...this.#streams]) exchange.endStream?.();
    await new Promise<void>((resolve) => {
      const cancel = this.#desk.clock.after(grace, resolve);
      this.#onQuiet = () => {
        cancel();
        resolve();
      };
      if (this.#underway === 0) this.#onQuiet();
    });
    for (const app of this.#apps.keys()) app.close();
    this.#door.close();
  }

  /** Puts an app in service. */
  #hang(app: UwsApp): void {
    const { clock } = this.#desk;
    const held: Held = { connections: 0, since: clock.now() };
    this.#apps.set(app, held);
    this.#current = app;
    app.any('/*', (response, request) => this.#take(held, response, request));
    const count = (connection: Connection, change: number) => {
      if (held.connections === 0) held.since = clock.now();
      held.connections += change;
      this.#connections += change;
      if (change > 0 && (this.#isStopping || this.#connections > this.#desk.limits.connections)) connection.close();
      else if (change < 0) this.#closeIfLeft(app);
    };
    app.filter(count);
  }

  /** A former app whose last connection has gone is of no more use. */
  #closeIfLeft(app: UwsApp): void {
    if (app === this.#current || this.#apps.get(app)?.connections !== 0) return;
    this.#apps.delete(app);
    setImmediate(() => app.close());
  }

  /** Whatever happens in here, the engine ends the process if it gets neither a whole reply nor somebody to tell. */
  #take({ since: openedAt }: Held, response: UwsResponse, request: UwsRequest): void {
    let exchange: UwsExchange | undefined;
    try {
      const peer = this.#peerName(response.getRemoteAddress());
      exchange = new UwsExchange(this.#exchangeDesk, response, request, { peer, openedAt });
      this.#track(exchange);
      const flaw = flawOf(exchange);
      const reply = flaw === undefined ? this.#parts.serve(exchange) : this.#refuse(exchange, flaw);
      if (reply instanceof Promise) void this.#answerLater(exchange, reply);
      else this.#answer(exchange, reply);
    } catch (thrown) {
      this.#desk.log('error', 'request could not be answered', { cause: messageOf(thrown) });
      if (exchange === undefined) response.close();
      else exchange.cut();
    }
    exchange?.watch();
  }

  #track(exchange: UwsExchange): void {
    this.#underway++;
    if (!exchange.isUnread) return;
    const { clock, limits } = this.#desk;
    exchange.whenOver(clock.after(limits.uploadRead, () => this.#timeOut(exchange)));
  }

  #forget(exchange: UwsExchange): void {
    this.#underway--;
    if (exchange.endStream !== undefined) this.#streams.delete(exchange);
    if (this.#underway === 0) this.#onQuiet();
  }

  #refuse({ peer, method, target }: UwsExchange, status: number): HttpReply {
    return this.#desk.refuse({ status, peer, method, target });
  }

  /** The body did not come to its end in time. Whoever reads it is told, and then answers. */
  #timeOut(exchange: UwsExchange): void {
    if (exchange.isOver || exchange.isAnswered || !exchange.isUnread) return;
    if (exchange.inbox?.isRead) exchange.inbox.drop(late);
    else sendReply(this.#desk, exchange, this.#refuse(exchange, 408));
  }

  async #answerLater(exchange: UwsExchange, reply: Promise<HttpReply>): Promise<void> {
    try {
      this.#answer(exchange, await reply);
    } catch (thrown) {
      this.#drop(exchange, thrown);
    }
  }

  #answer(exchange: UwsExchange, reply: HttpReply): void {
    const desk = this.#desk;
    if (reply.handover !== undefined) throw new Error('this engine hands nothing over');
    const drop = (thrown: unknown) => this.#drop(exchange, thrown, reply);
    if (exchange.isOver || exchange.isAnswered) letGo(reply);
    else if (reply.source !== undefined) void sendSource(desk, exchange, reply, reply.source).catch(drop);
    else if (reply.pieces !== undefined) void sendPieces(desk, exchange, reply, reply.pieces).catch(drop);
    else if (reply.stream === undefined) sendReply(desk, exchange, reply);
    else if (this.#isStopping) exchange.cut();
    else {
      sendStream(desk, exchange, reply, reply.stream);
      if (!exchange.isOver) this.#streams.add(exchange);
    }
  }

  #drop(exchange: UwsExchange, thrown: unknown, { requestId = '' }: Partial<HttpReply> = {}): void {
    this.#desk.log('error', 'reply could not be sent', { peer: exchange.peer, requestId, cause: messageOf(thrown) });
    exchange.cut();
  }
}
