import type { Dispatch } from '../../../core/api/http.ts';
import { messageOf, ok, type Result } from '../../../core/base/result.ts';
import type { Millis } from '../../../core/base/time.ts';
import { flawOf } from '../head.ts';
import type { Listener, TlsMaterial } from '../port.ts';
import { refusal } from '../refusal.ts';
import type { Connection, Uws, UwsApp, UwsListenSocket, UwsRequest, UwsResponse } from './binding.ts';
import { type ExchangeDesk, UwsExchange } from './exchange.ts';
import { peerNames } from './peer.ts';
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
 * One listening app that serves nobody, and behind it the app that has the current certificate and is handed every new
 * connection. An app that had a former certificate keeps its connections until they end.
 */
export class UwsListener implements Listener {
  readonly #parts: ListenerParts;
  readonly #desk: ReplyDesk;
  readonly #exchangeDesk: ExchangeDesk;
  readonly #door: UwsApp;
  readonly #peerName = peerNames();
  readonly #underway = new Set<UwsExchange>();
  readonly #apps = new Map<UwsApp, { connections: number }>();
  #current: UwsApp | undefined;
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
    const former = this.#current;
    this.#hang(made.value);
    this.#door.addChildAppDescriptor(made.value.getDescriptor());
    if (former !== undefined) {
      this.#door.removeChildAppDescriptor(former.getDescriptor());
      this.#closeIfLeft(former);
    }
    return ok(undefined);
  }

  stop(grace: Millis): Promise<void> {
    this.#stopped ??= this.#stop(grace);
    return this.#stopped;
  }

  async #stop(grace: Millis): Promise<void> {
    this.#isStopping = true;
    if (this.#socket !== undefined) this.#parts.uws.us_listen_socket_close(this.#socket);
    for (const exchange of [...this.#underway]) exchange.endStream?.();
    await new Promise<void>((resolve) => {
      const cancel = this.#desk.clock.after(grace, resolve);
      this.#onQuiet = () => {
        cancel();
        resolve();
      };
      if (this.#underway.size === 0) this.#onQuiet();
    });
    for (const app of this.#apps.keys()) app.close();
    this.#door.close();
  }

  /** Puts an app in service. */
  #hang(app: UwsApp): void {
    const held = { connections: 0 };
    this.#apps.set(app, held);
    this.#current = app;
    app.any('/*', (response, request) => this.#take(response, request));
    const count = (connection: Connection, change: number) => {
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

  /** Whatever happens in here, the engine ends the process if it gets neither a reply nor a promise to wait. */
  #take(response: UwsResponse, request: UwsRequest): void {
    try {
      const peer = this.#peerName(response.getRemoteAddress());
      const exchange = new UwsExchange(this.#exchangeDesk, response, request, peer);
      this.#track(exchange);
      const flaw = flawOf(exchange);
      if (flaw === undefined) void this.#answer(exchange);
      else sendReply(this.#desk, exchange, refusal(flaw));
    } catch (thrown) {
      this.#desk.log('error', 'request could not be taken', { cause: messageOf(thrown) });
      response.close();
    }
  }

  #track(exchange: UwsExchange): void {
    this.#underway.add(exchange);
    if (!exchange.isUnread) return;
    const { clock, limits } = this.#desk;
    exchange.whenOver(clock.after(limits.uploadRead, () => this.#timeOut(exchange)));
  }

  #forget(exchange: UwsExchange): void {
    this.#underway.delete(exchange);
    if (this.#underway.size === 0) this.#onQuiet();
  }

  /** The body did not come to its end in time. */
  #timeOut(exchange: UwsExchange): void {
    if (exchange.isOver || exchange.isAnswered || !exchange.isUnread) return;
    sendReply(this.#desk, exchange, refusal(408));
  }

  async #answer(exchange: UwsExchange): Promise<void> {
    const desk = this.#desk;
    try {
      const reply = await this.#parts.serve(exchange);
      if (exchange.isOver || exchange.isAnswered) {
        reply.source?.close();
        return;
      }
      if (reply.source !== undefined) await sendSource(desk, exchange, reply, reply.source);
      else if (reply.stream === undefined) sendReply(desk, exchange, reply);
      else if (this.#isStopping) exchange.cut();
      else sendStream(desk, exchange, reply, reply.stream);
    } catch (thrown) {
      desk.log('error', 'reply could not be sent', { peer: exchange.peer, cause: messageOf(thrown) });
      exchange.cut();
    }
  }
}
