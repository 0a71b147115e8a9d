import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AttachPath } from '../../core/api/attach.ts';
import type { Principal } from '../../core/api/auth.ts';
import type { Dispatch } from '../../core/api/http.ts';
import type { Result } from '../../core/base/result.ts';
import { hours, type Millis, seconds } from '../../core/base/time.ts';
import type { OnRefused } from './refusal.ts';

/** A private key and its certificate, the chain behind it, as PEM. */
export interface TlsMaterial {
  readonly key: string;
  readonly cert: string;
}

/** What an engine can; what one cannot, the service does without and says so. */
export interface EngineCapabilities {
  /** A new certificate without closing the listener. */
  readonly reload: boolean;
  /** Listens on an AF_UNIX path. */
  readonly localSocket: boolean;
  /** Asks for the body (`100 Continue`) only when it is wanted. */
  readonly expectContinue: boolean;
  /** Answers a client that has closed its sending side. */
  readonly halfClose: boolean;
  /** Hands over connections that leave HTTP, and requests. Without, nothing is attached to it. */
  readonly attach: boolean;
  /**
   * Takes requests ahead of the replies owed, and replies in their order. Without, only those that are answered at once
   * can follow each other closely: one that comes while an earlier one is being worked on costs the connection, and is not
   * served. The earlier one is told that its client has gone; a reply that was about to go out with it is lost as well.
   */
  readonly pipelining: boolean;
  /**
   * Serves HTTP/1.0, targets in absolute form and `*`, passes over an empty line before a request, and hands over bytes
   * beyond ASCII in header values. Without, the former end the connection and the latter are kept only within a value.
   */
  readonly allForms: boolean;
  /**
   * Reads a body in chunks to the letter, with extensions and trailers, and keeps the connection. Without, chunks are read
   * leniently, the connection ends with the reply, and whatever follows the last chunk costs it before anything is done.
   */
  readonly exactChunks: boolean;
  /**
   * What is refused before it is a request is told so in the API's words, with a fitting status. Without, by a page of
   * the engine's own, or by a closed connection, of which nobody hears.
   */
  readonly wordedRefusals: boolean;
  /** Settles on `http/1.1` by ALPN, and turns away whoever offers other protocols only. */
  readonly alpn: boolean;
  /** By how much a limit of time may be overrun. */
  readonly lateness: Millis;
}

/** What one client may take of the appliance. */
export interface EngineLimits {
  /** From the start of a connection or request to the end of its headers, the TLS handshake likewise. */
  readonly headerRead: Millis;
  /** For a body that is read into memory, or that nobody reads; from its start to its end. */
  readonly requestRead: Millis;
  /** From the start of a request to the end of a body that is read piece by piece. */
  readonly uploadRead: Millis;
  /** Between requests on one connection. */
  readonly idle: Millis;
  /** A connection on which not a byte moves while a request is under way. */
  readonly stall: Millis;
  /** How often the first two are looked after. */
  readonly sweep: Millis;
  /** Unread body thrown away after an early answer before the connection is cut: at most this long … */
  readonly linger: Millis;
  /** … and this many bytes. */
  readonly lingerBytes: number;
  readonly headerBytes: number;
  readonly connections: number;
  /** Bytes waiting for one stream client beyond which its writer is told to hold back … */
  readonly streamBuffer: number;
  /** … and beyond which it is cut. */
  readonly streamLimit: number;
}

export const DEFAULT_LIMITS: EngineLimits = {
  headerRead: seconds(10),
  requestRead: seconds(30),
  uploadRead: hours(2),
  idle: seconds(120),
  stall: seconds(60),
  sweep: seconds(1),
  linger: seconds(1),
  lingerBytes: 256 * 1024,
  headerBytes: 32 * 1024,
  connections: 8192,
  streamBuffer: 64 * 1024,
  streamLimit: 1024 * 1024,
};

/** What passed the gates and is an attach point's from here: the request, and whose it is. */
interface Attached {
  readonly incoming: IncomingMessage;
  readonly principal: Principal;
  /** Canonical address of the client, which may have come through proxies, or `local`. */
  readonly peer: string;
  readonly requestId: string;
}

/** A connection that has left HTTP, as node hands it over and as `ws` and engine.io want it. */
export interface AttachedConnection extends Attached {
  readonly socket: Duplex;
  /** Bytes that came right behind the request. */
  readonly head: Buffer;
}

/** A plain request, its body not yet read, as node hands it over and as engine.io wants it. */
export interface AttachedRequest extends Attached {
  readonly response: ServerResponse;
}

/** Something that takes over what leaves HTTP at a path. */
export interface AttachPoint {
  readonly path: Omit<AttachPath, 'takesRequests'>;
  /** Answers with 101 itself. The connection is destroyed when its credential ends. */
  take(connection: AttachedConnection): void;
  /**
   * Answers plain requests at the path; without, they are like any other. It reads the body within limits of its own, and
   * the connection is destroyed when the credential ends before the reply has.
   */
  answer?(request: AttachedRequest): void;
}

/** What a listener needs beside the dispatch. */
export interface ListenMore {
  /** Who is handed what the dispatch hands over. */
  readonly points?: readonly AttachPoint[];
  /** Told of what never reaches the dispatch, as far as the engine itself hears of it. */
  readonly onRefused?: OnRefused;
}

/** `in_use` EADDRINUSE, `denied` EACCES (for a socket file also a missing folder), `bad_address` not of this host or no address at all, `failed` anything else. */
export type ListenCode = 'in_use' | 'denied' | 'bad_address' | 'bad_certificate' | 'failed';

export interface Listener {
  /** The port really bound; 0 on a local socket. */
  readonly port: number;
  /** Connections accepted from now on get the new certificate; the old one stays when the new one is unusable. */
  reload(tls: TlsMaterial): Result<void, 'bad_certificate'>;
  /**
   * From now on `connectionOpenedAt` of connections that are accepted is not before this moment. An engine that tells
   * connections apart by themselves has nothing to do.
   */
  mark(): void;
  /** Takes no more connections, ends streams, lets requests finish for `grace`, then cuts what is left. Idempotent. */
  stop(grace: Millis): Promise<void>;
}

/** An HTTP/1.1 server. Holds its limits against any client, and hands over requests whose headers are complete. */
export interface HttpEnginePort {
  /** Shown at start and in `/status`. */
  readonly name: string;
  readonly capabilities: EngineCapabilities;
  /** TLS 1.2 or 1.3. */
  listen(
    where: { readonly host: string; readonly port: number },
    tls: TlsMaterial,
    serve: Dispatch,
    more?: ListenMore,
  ): Promise<Result<Listener, ListenCode>>;
  /** Plain HTTP on a socket file that only its owner may open; every request there is `principal`'s. */
  listenLocal(
    path: string,
    principal: Principal,
    serve: Dispatch,
    more?: Pick<ListenMore, 'onRefused'>,
  ): Promise<Result<Listener, ListenCode>>;
}
