import type { Clock } from '../../../core/base/ports.ts';
import type { LineHeader, Provenance, RawLine } from '../../../core/event/event.ts';
import { networkText, readNetworkSyslog } from '../../../core/event/syslog-network.ts';
import type { ZoneOffset } from '../../../core/event/syslog-time.ts';

/** From whom lines come, and what that is worth. */
export interface Sender {
  /** `authenticated` only by a certificate that an authority of ours signed. */
  readonly provenance: Extract<Provenance, 'authenticated' | 'spoofable'>;
  /** The certificate's name, or the address. */
  readonly name: string;
  /** Its own host alone: what a message says of its host does not count. */
  readonly isBound: boolean;
}

export interface LineMakerParts {
  readonly clock: Clock;
  /** Of times that name no zone: no sender says its own, so they are taken for ours. */
  readonly zone: ZoneOffset;
  /** `Position.source` of every line, new at each start. */
  readonly source: string;
}

export interface MadeLine {
  readonly line: RawLine;
  /** The message named another host than the certificate. */
  readonly isHostReplaced: boolean;
}

/**
 * Makes lines of messages. Their positions are the receiver's own running number: a network line exists once, and nobody
 * can be asked for it again. So after a crash nothing of it is judged twice, and what was not judged yet is lost.
 */
export class LineMaker {
  readonly #parts: LineMakerParts;
  #made = 0;

  constructor(parts: LineMakerParts) {
    this.#parts = parts;
  }

  /** @returns nothing for an empty message */
  make(bytes: Uint8Array, sender: Sender): MadeLine | undefined {
    const receivedAt = this.#parts.clock.now();
    const read = readNetworkSyslog(networkText(bytes), receivedAt, this.#parts.zone);
    if ('unparsed' in read) return undefined;
    const { at, program, pid, message } = read;
    const host = sender.isBound ? sender.name : (read.host ?? sender.name);
    const header: LineHeader = {
      at,
      host,
      ...(program === undefined ? {} : { program }),
      ...(pid === undefined ? {} : { pid }),
    };
    return {
      line: { text: message, header, position: this.#next(), receivedAt, provenance: sender.provenance },
      isHostReplaced: sender.isBound && read.host !== undefined && !isSameHost(read.host, sender.name),
    };
  }

  /** In place of a message that was passed over. */
  makeTooLong({ provenance }: Sender): RawLine {
    const receivedAt = this.#parts.clock.now();
    return { text: '', flaw: 'too-long', position: this.#next(), receivedAt, provenance };
  }

  #next() {
    return { source: this.#parts.source, offset: this.#made++ };
  }
}

/** Hosts name themselves by their first label as often as in full. */
function isSameHost(said: string, certified: string): boolean {
  const [name, proven] = [said.toLowerCase(), certified.toLowerCase()];
  return name === proven || proven.startsWith(`${name}.`);
}
