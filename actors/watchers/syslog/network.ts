import type { Result } from '../../../core/base/result.ts';
import type { Endpoint } from './port.ts';

/** `in-use`, `no-address` (not, or not yet, on this host), `denied` (a port below 1024 without the capability). */
export type OpenCode = 'in-use' | 'no-address' | 'denied' | 'bad-material' | 'io';

/** The other end of a datagram or connection, as the kernel says. An IPv6 zone is left out. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

export interface DatagramHandlers {
  /** @param bytes whole; the receiver owns them */
  datagram(bytes: Uint8Array, peer: Peer): void;
  /** The socket is lost. Called once, and nothing after it. */
  failed(cause: string): void;
}

export interface DatagramDoor {
  readonly at: Endpoint;
  /** Bytes the kernel keeps for us; it may grant less than asked for, see the sysctl net.core.rmem_max. */
  readonly receiveBuffer: number;
  /** Datagrams the kernel threw away since the door was opened because nobody read them in time; undefined: not known. */
  dropped(): Promise<number | undefined>;
  close(): Promise<void>;
}

/** Who a connection's certificate says it is. */
export interface Certificate {
  /** From the subject's alternative names as Node prints them: `DNS:a.example, IP Address:192.0.2.1`. */
  readonly alternativeNames: string;
  /** The subject's common name. */
  readonly commonName: string;
}

export interface Stream {
  readonly peer: Peer;
  /** Stops `StreamHandlers.data` until `resume`; what comes meanwhile waits in the kernel, and then at the sender. */
  pause(): void;
  resume(): void;
  /** At once; what was not read is gone. `closed` follows. */
  destroy(): void;
}

export interface StreamHandlers {
  /** @param bytes held by the handler only while it runs */
  data(bytes: Uint8Array): void;
  /** The sender is done; `closed` follows. */
  end(): void;
  /** Called once, and nothing after it. */
  closed(): void;
}

/** What became of a TLS handshake: a certificate that an authority of ours signed, none, or one of somebody else's. */
export type Proof =
  | { readonly kind: 'certificate'; readonly certificate: Certificate }
  | { readonly kind: 'none' }
  | { readonly kind: 'untrusted'; readonly why: string };

export interface StreamDoorHandlers {
  /** Asked before anything is read or any handshake begins; every `true` is answered by one `left`, later. */
  admit(peer: Peer): boolean;
  left(peer: Peer): void;
  /** An admitted connection is ready; nothing closes it but its handlers or its end. Undefined refuses it. */
  connected(stream: Stream, proof: Proof): StreamHandlers | undefined;
  /** A TLS handshake came to nothing. */
  handshakeFailed(peer: Peer, why: string): void;
  /** A connection could not be taken, for want of descriptors or memory. The door stays open. */
  acceptFailed(why: string): void;
  failed(cause: string): void;
}

export interface StreamDoor {
  readonly at: Endpoint;
  /** New connections use this certificate from now on; fails when it is unusable, and the former one stays. */
  renew(material: TlsMaterial): Result<void, 'bad-material'>;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** PEM texts. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
}

/** What the receiver needs of the network. */
export interface NetworkPort {
  openDatagrams(
    at: Endpoint,
    receiveBuffer: number,
    handlers: DatagramHandlers,
  ): Promise<Result<DatagramDoor, OpenCode>>;
  openStreams(
    at: Endpoint,
    tls: TlsMaterial | undefined,
    handlers: StreamDoorHandlers,
  ): Promise<Result<StreamDoor, OpenCode>>;
  /** A whole small file. */
  readText(path: string): Promise<Result<string, 'unreadable'>>;
}
