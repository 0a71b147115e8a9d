import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Principal } from '../../../core/api/auth.ts';
import type { Dispatch } from '../../../core/api/http.ts';
import type { Clock, Log } from '../../../core/base/ports.ts';
import { messageOf, ok } from '../../../core/base/result.ts';
import type { Millis } from '../../../core/base/time.ts';
import { flawOf } from '../head.ts';
import { letGo } from '../let-go.ts';
import type { AttachPoint, EngineLimits, Listener } from '../port.ts';
import { type OnRefused, refuser } from '../refusal.ts';
import { late } from '../whole-body.ts';
import { ConnectionAges } from './ages.ts';
import { handOver, upgrade } from './attach.ts';
import { statusOf } from './client-error.ts';
import { refuse } from './refuse.ts';
import { type ReplyDesk, sendPieces, sendReply, sendSource, sendStream } from './reply.ts';
import { exchangeOf, type NodeExchange, peerOf } from './request.ts';

interface ListenerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: EngineLimits;
  readonly server: HttpServer | TlsServer;
  readonly serve: Dispatch;
  readonly principal?: Principal;
  readonly reload?: Listener['reload'];
  readonly points: readonly AttachPoint[];
  readonly onRefused: OnRefused | undefined;
}

/** What is under way on one listener. */
interface Traffic {
  /** As accepted: below TLS, where there is TLS. */
  readonly sockets: Set<Socket>;
  readonly ages: ConnectionAges;
  /** Exchanges not yet over, by the connection they came on. */
  readonly connections: Map<Duplex, Set<NodeExchange>>;
  /** Exchanges of all connections. */
  underway: number;
  /** Connections that end because of a flaw in their last request. */
  readonly refused: WeakSet<Duplex>;
  stopping: boolean;
  /** Called when the last exchange is over. */
  onQuiet: () => void;
}

/** Serves requests on a server that listens already. */
export function listenerOn(options: ListenerOptions): Listener {
  const { server, clock, log, limits } = options;
  const traffic: Traffic = {
    sockets: new Set(),
    ages: new ConnectionAges(),
    connections: new Map(),
    underway: 0,
    refused: new WeakSet(),
    stopping: false,
    onQuiet() {},
  };
  const desk: ReplyDesk = {
    clock,
    log,
    limits,
    refuse: refuser(options.onRefused),
    stopping: () => traffic.stopping,
  };
  takeRequests(options, desk, traffic);
  takeConnections(options, desk, traffic);
  server.on('error', (cause) => log('error', 'listener failed', { cause }));
  const address = server.address();
  let stopped: Promise<void> | undefined;
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    reload: options.reload ?? (() => ok(undefined)),
    mark() {},
    stop: (grace) => {
      stopped ??= stop(options, traffic, grace);
      return stopped;
    },
  };
}

function takeRequests({ server, serve, points, principal }: ListenerOptions, desk: ReplyDesk, traffic: Traffic): void {
  const { clock, limits } = desk;
  const proven = principal && { principal };
  const served = (flaw: number | undefined): Dispatch =>
    flaw === undefined ? serve : ({ peer, method, target }) => desk.refuse({ status: flaw, peer, method, target });
  const take = (incoming: IncomingMessage, response: ServerResponse, awaitsContinue: boolean) => {
    const openedAt = traffic.ages.of(incoming.socket);
    const about = { clock, patience: limits.requestRead, awaitsContinue, openedAt, ...proven };
    const exchange = exchangeOf(incoming, response, about);
    if (traffic.refused.has(incoming.socket)) return;
    track(traffic, exchange);
    const flaw = flawIn(incoming);
    if (flaw !== undefined) traffic.refused.add(incoming.socket);
    void answer(desk, served(flaw), points, exchange);
  };
  server.on('request', (incoming, response) => take(incoming, response, false));
  server.on('checkContinue', (incoming, response) => take(incoming, response, true));
  server.on('checkExpectation', (incoming, response) => take(incoming, response, true));
  const onUpgrade = (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    // One behind a reply that is still to come would mix its bytes with that.
    if (traffic.connections.get(socket)?.size) socket.destroy();
    else
      void upgrade(desk, served(flawIn(incoming)), points, {
        incoming,
        socket,
        head,
        openedAt: traffic.ages.of(socket),
        ...proven,
      });
  };
  // Where nobody listens to it, an upgrade is a request like any other.
  if (points.length > 0) server.on('upgrade', onUpgrade);
}

function takeConnections({ server, principal, clock }: ListenerOptions, desk: ReplyDesk, traffic: Traffic): void {
  const onError = (code: string | undefined, socket: Duplex) =>
    onClientError(desk, traffic, code, socket, peerOf(socket, principal));
  server.on('connect', (_, socket) => onError(undefined, socket));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => onError(error.code, socket));
  server.on('connection', (socket: Socket) => {
    traffic.sockets.add(socket);
    traffic.ages.accepted(socket, clock.now());
    socket.once('close', () => traffic.sockets.delete(socket));
  });
}

/**
 * Counts an exchange until its reply is out or its connection gone. The connection is watched too, because a pipelined
 * reply that waits behind another one hears nothing when the connection goes.
 */
function track(traffic: Traffic, exchange: NodeExchange): void {
  const { socket } = exchange.incoming;
  const known = traffic.connections.get(socket);
  const open = known ?? new Set();
  const settle = (one: NodeExchange) => {
    if (!open.delete(one)) return;
    one.over();
    traffic.underway--;
    if (traffic.underway === 0) traffic.onQuiet();
  };
  if (known === undefined) {
    traffic.connections.set(socket, open);
    socket.once('close', () => {
      traffic.connections.delete(socket);
      for (const one of [...open]) settle(one);
    });
  }
  open.add(exchange);
  traffic.underway++;
  exchange.response.once('close', () => settle(exchange));
}

async function answer(
  desk: ReplyDesk,
  serve: Dispatch,
  points: readonly AttachPoint[],
  exchange: NodeExchange,
): Promise<void> {
  const { incoming, response, request } = exchange;
  let requestId = '';
  try {
    const served = await serve(request);
    requestId = served.requestId ?? '';
    if (incoming.socket.destroyed || response.headersSent) {
      letGo(served);
      return;
    }
    const reply = served.handover === undefined ? served : handOver(points, exchange, served.handover, requestId);
    if (reply === undefined) return;
    if (reply.source !== undefined) await sendSource(desk, exchange, reply, reply.source);
    else if (reply.pieces !== undefined) await sendPieces(desk, exchange, reply, reply.pieces);
    else if (reply.stream === undefined) sendReply(desk, exchange, reply);
    else if (desk.stopping()) incoming.socket.destroy();
    else sendStream(desk, exchange, reply, reply.stream);
  } catch (thrown) {
    desk.log('error', 'reply could not be sent', { peer: request.peer, requestId, cause: messageOf(thrown) });
    incoming.socket.destroy();
  }
}

const flawIn = ({ httpVersion: version, method = '', url: target = '', rawHeaders: fields }: IncomingMessage) =>
  flawOf({ version, method, target, fields });

/**
 * A broken request after a half-sent reply cannot be answered any more; any other gets its word before the cut. Of one
 * whose body is late the dispatch is told, which then answers it.
 */
function onClientError(
  desk: ReplyDesk,
  traffic: Traffic,
  code: string | undefined,
  socket: Duplex,
  peer: string,
): void {
  if (traffic.refused.has(socket)) return;
  const open = [...(traffic.connections.get(socket) ?? [])];
  const status = statusOf(code);
  if (!socket.writable || code === 'ECONNRESET' || open.some(({ response }) => response.headersSent)) socket.destroy();
  else if (status === 408 && open.some(({ body }) => body?.isOpen)) for (const { body } of open) body?.drop(late);
  else refuse(desk, socket, desk.refuse({ status, peer, method: '', target: '' }));
}

async function stop({ server, clock }: ListenerOptions, traffic: Traffic, grace: Millis): Promise<void> {
  traffic.stopping = true;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const exchange of [...traffic.connections.values()].flatMap((open) => [...open])) exchange.endStream?.();
  await new Promise<void>((resolve) => {
    traffic.onQuiet = resolve;
    const cancel = clock.after(grace, resolve);
    if (traffic.underway === 0) resolve();
    void closed.then(cancel);
  });
  for (const socket of traffic.sockets) socket.destroy();
  await closed;
}
