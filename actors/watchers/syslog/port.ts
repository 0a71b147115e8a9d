import type { Cidr } from '../../../core/base/ip.ts';
import type { RawLine } from '../../../core/event/event.ts';

export type Transport = 'udp' | 'tcp' | 'tls';

/** An address of this host, canonical, without a zone, and a port; port 0 takes any free one. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** One configured source: `watchers.syslog[]`. */
export interface SyslogListener {
  readonly transport: Transport;
  readonly at: Endpoint;
  /** Handed through to the sink with every batch. */
  readonly parser: string;
  /**
   * Who may send; nobody when empty. For UDP a convenience only: a datagram's source address is whatever its sender
   * wrote there.
   */
  readonly allowed: readonly Cidr[];
  /** For `tls`, and only there. */
  readonly tls?: TlsSettings;
}

export interface TlsSettings {
  /** PEM, the chain behind it. Taken up again within a minute of a change. */
  readonly certFile: string;
  readonly keyFile: string;
  /**
   * PEM: authorities whose certificates authenticate a sender, and no others. Without it no sender is authenticated. It
   * should be an authority of this purpose alone, or `peers` should name who may send.
   */
  readonly clientCaFile?: string;
  /** `required`: a sender without a certificate is refused. `optional`: it is heard, and its lines count as spoofable. */
  readonly clients: 'optional' | 'required';
  /** Names a certificate may have, `*.example.net` for any one label; all when empty. */
  readonly peers: readonly string[];
  /** Certificate names of relays, which speak for other hosts; every other sender speaks for the host it is. */
  readonly relays: readonly string[];
}

/** Lines of one listener, in the order of each sender. */
export interface NetworkBatch {
  readonly parser: string;
  /**
   * Each with its `header` apart, so that `text` is the message alone, without a control character but tab; or with a
   * `flaw`. At most `Limits.batchLines`. The sink owns them.
   */
  readonly lines: readonly RawLine[];
}

export interface NetworkSink {
  /**
   * Resolves when the pipeline took the batch; one batch of a listener is under way at a time, and while it is, streams
   * are not read on. A rejection means "not taken": the same batch is offered again later.
   */
  submit(batch: NetworkBatch): Promise<void>;
}
