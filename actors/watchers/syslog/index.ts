import type { Service } from '../../supervisor/index.ts';
import type { Endpoint, Transport } from './port.ts';
import { DEFAULT_LIMITS, ReceiverRun, type SyslogReceiverParts } from './run.ts';

export { openNetwork } from './effects.ts';
export type { NetworkPort } from './network.ts';
export type { Endpoint, NetworkBatch, NetworkSink, SyslogListener, TlsSettings, Transport } from './port.ts';
export { DEFAULT_LIMITS, type Limits, type SyslogReceiverParts } from './run.ts';

/**
 * Receives syslog (RFC 3164, RFC 5424) over UDP, TCP (both framings of RFC 6587, also mixed) and TLS (RFC 5425), each
 * listener told as a `Component` `syslog:TRANSPORT:ADDRESS:PORT`.
 *
 * **Trust.** Lines are `authenticated` if they came by TLS from a sender whose certificate an authority of ours signed,
 * and `spoofable` in every other case, whatever address they seem to come from. An authenticated sender speaks for its own
 * host only, unless it is declared a relay: what its messages say of their host is replaced by the certificate's name.
 *
 * **Loss.** UDP cannot be made to wait: what does not fit is dropped and counted, by us and by the kernel. TCP and TLS are
 * read no faster than the pipeline takes lines. TCP itself confirms what the kernel received, not what was judged, and no
 * sender can be asked again. So a crash loses, of each connection, what its receive buffer held (the sysctl
 * net.ipv4.tcp_rmem, at most 6 MB by default) and one chunk of 64 KiB; of each listener the batch under way; and of all
 * what detectors counted since the last checkpoint (1 s). A planned stop hands over what was read.
 *
 * **Identity.** `Position.source` is new at each start and `offset` a running number. A finding's id is made from these, so
 * one of network lines is as unique as any; but since the lines cannot be fed again, it is never found a second time: either
 * it was kept before the crash, or it is lost with the count that led to it.
 */
export class SyslogReceiver implements Service {
  readonly id = 'syslog';
  readonly #parts: SyslogReceiverParts;
  #run: ReceiverRun | undefined;

  constructor(parts: SyslogReceiverParts) {
    this.#parts = parts;
  }

  /** Resolves when every listener was tried; one that could not be opened is tried again, see its component. */
  async start(crash: (cause: unknown) => void): Promise<void> {
    let hasCrashed = false;
    const run = new ReceiverRun(this.#parts, { ...DEFAULT_LIMITS, ...this.#parts.limits }, (cause) => {
      if (!hasCrashed) crash(cause);
      hasCrashed = true;
    });
    this.#run = run;
    await run.start();
  }

  /** Closes every socket, then lets the pipeline take what was read, for `Limits.farewell` at most. */
  async stop(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    await run?.stop();
  }

  /** Where it listens now, in the order of the listeners; undefined for one that could not be opened. */
  get endpoints(): readonly { readonly transport: Transport; readonly at: Endpoint | undefined }[] {
    return this.#run?.endpoints ?? [];
  }
}
