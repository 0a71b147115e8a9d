import type { Clock } from '../../../core/base/ports.ts';
import { ok } from '../../../core/base/result.ts';
import type { Status } from '../files/index.ts';
import type { Intake } from './intake.ts';
import type { LineMaker } from './lines.ts';
import type { Cautions, Door, OpenDoor } from './listener.ts';
import type { DatagramDoor, NetworkPort, Peer } from './network.ts';
import type { SyslogListener } from './port.ts';
import { type AllowedSenders, unproven } from './sender.ts';

export const DATAGRAM_COUNTERS = {
  lines: 0,
  bytes: 0,
  /** Empty messages. */
  empty: 0,
  /** Datagrams of addresses that may not send. */
  refused: 0,
  /** Lines that found our queue full. */
  dropped: 0,
  /** Datagrams that found the kernel's buffer full. */
  droppedByKernel: 0,
};

export interface DatagramParts {
  readonly network: NetworkPort;
  readonly listener: SyslogListener;
  readonly clock: Clock;
  readonly intake: Intake;
  readonly lines: LineMaker;
  readonly allowed: AllowedSenders;
  readonly status: Status<keyof typeof DATAGRAM_COUNTERS>;
  readonly cautions: Cautions;
  /** Bytes asked of the kernel. */
  readonly receiveBuffer: number;
}

/**
 * The one source that cannot be made to wait. What comes faster than it is judged is dropped, and every drop counted: of
 * our queue by us, of the kernel's buffer by the kernel (see /proc/net/udp).
 */
export const openDatagrams =
  (parts: DatagramParts): OpenDoor =>
  async (lost) => {
    const { network, listener, receiveBuffer, cautions } = parts;
    const datagram = (bytes: Uint8Array, peer: Peer): void => receive(parts, bytes, peer);
    const opened = await network.openDatagrams(listener.at, receiveBuffer, { datagram, failed: lost });
    if (!opened.ok) return opened;
    const granted = opened.value.receiveBuffer;
    const short = `the kernel keeps ${granted} bytes of what is not read at once, not ${receiveBuffer}: raise the sysctl net.core.rmem_max`;
    cautions.say('buffer', granted < receiveBuffer ? short : '');
    return ok(doorOf(opened.value, parts));
  };

function receive({ allowed, status, lines, intake }: DatagramParts, bytes: Uint8Array, peer: Peer): void {
  const { counters } = status;
  if (!allowed.has(peer.address)) {
    counters.refused++;
    return;
  }
  counters.bytes += bytes.length;
  const made = lines.make(bytes, unproven(peer.address));
  if (made === undefined) counters.empty++;
  else if (intake.offer(made.line)) counters.lines++;
  else counters.dropped++;
}

/** Tells of losses, at most once a sweep: in a flood there are thousands a second. */
function doorOf(door: DatagramDoor, { status }: DatagramParts): Door {
  const { counters } = status;
  const before = { own: counters.dropped, kernel: counters.droppedByKernel };
  let told = before.own + before.kernel;
  return {
    at: door.at,
    sweep: async () => {
      const dropped = await door.dropped();
      if (dropped !== undefined) counters.droppedByKernel = before.kernel + dropped;
      const all = counters.dropped + counters.droppedByKernel;
      if (all > told) status.lose(`messages come faster than they are judged: ${all - told} were dropped`);
      told = all;
    },
    close: () => door.close(),
  };
}
