import type { Clock, Random } from '../../../core/base/ports.ts';
import { hours, type Millis, seconds } from '../../../core/base/time.ts';
import type { ZoneOffset } from '../../../core/event/syslog-time.ts';
import type { Report } from '../files/index.ts';
import { DATAGRAM_COUNTERS, openDatagrams } from './datagrams.ts';
import { Intake, type IntakeLimits } from './intake.ts';
import { LineMaker } from './lines.ts';
import { Cautions, Listener, type ListenerParts, makeStatus } from './listener.ts';
import type { NetworkPort } from './network.ts';
import type { Endpoint, NetworkSink, SyslogListener, Transport } from './port.ts';
import { AllowedSenders } from './sender.ts';
import { openStreams, STREAM_COUNTERS, type StreamLimits } from './streams.ts';

/** Of each listener. */
export interface Limits extends IntakeLimits, StreamLimits {
  /** Bytes of datagrams that the kernel shall keep while nobody reads. */
  readonly receiveBuffer: number;
  /** How often counters are told, timeouts looked for and the kernel's drops read. */
  readonly sweepEvery: Millis;
  /** How long what waits is offered to the pipeline when all stops. */
  readonly farewell: Millis;
}

export const DEFAULT_LIMITS: Limits = {
  batchLines: 1000,
  queueLines: 20_000,
  queueChars: 8 * 1024 * 1024,
  patience: { idle: hours(1), message: seconds(30) },
  connections: 500,
  connectionsPerSender: 50,
  heldBytes: 16 * 1024 * 1024,
  receiveBuffer: 4 * 1024 * 1024,
  sweepEvery: seconds(2),
  farewell: seconds(2),
};

export interface SyslogReceiverParts {
  readonly listeners: readonly SyslogListener[];
  readonly sink: NetworkSink;
  readonly network: NetworkPort;
  readonly clock: Clock;
  readonly random: Random;
  readonly zone: ZoneOffset;
  readonly report: Report;
  readonly limits?: Partial<Limits>;
}

const SOURCE_BYTES = 16;

interface Running {
  readonly settings: SyslogListener;
  readonly intake: Intake;
  readonly listener: Listener;
  /** Lines that the pipeline did not take before the end. */
  readonly lost: (lines: number) => void;
}

/** One start-to-stop of the receiver: all its state, so that a restart begins clean. */
export class ReceiverRun {
  readonly #running: readonly Running[];
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #crash: (cause: unknown) => void;
  #isStopped = false;
  #cancelSweep = (): void => {};

  constructor(parts: SyslogReceiverParts, limits: Limits, crash: (cause: unknown) => void) {
    this.#clock = parts.clock;
    this.#limits = limits;
    this.#crash = crash;
    const source = `net-${Buffer.from(parts.random.bytes(SOURCE_BYTES)).toString('hex')}`;
    const lines = new LineMaker({ clock: parts.clock, zone: parts.zone, source });
    this.#running = parts.listeners.map((settings) => make(settings, { ...parts, limits, crash, lines }));
  }

  get endpoints(): readonly { readonly transport: Transport; readonly at: Endpoint | undefined }[] {
    return this.#running.map(({ settings, listener }) => ({ transport: settings.transport, at: listener.at }));
  }

  async start(): Promise<void> {
    await Promise.all(this.#running.map(({ listener }) => listener.start()));
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelSweep();
    await Promise.all(
      this.#running.map(async ({ listener, intake, lost }) => {
        await listener.stop();
        lost(await intake.stop(this.#limits.farewell));
      }),
    );
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#cancelSweep = this.#clock.after(this.#limits.sweepEvery, () => {
      const swept = Promise.all(this.#running.map(({ listener }) => listener.sweep()));
      swept.then(() => this.#schedule(), this.#crash);
    });
  }
}

interface MakeParts extends Omit<SyslogReceiverParts, 'limits'> {
  readonly limits: Limits;
  readonly crash: (cause: unknown) => void;
  readonly lines: LineMaker;
}

function make(settings: SyslogListener, parts: MakeParts): Running {
  return settings.transport === 'udp' ? makeDatagrams(settings, parts) : makeStreams(settings, parts);
}

function makeDatagrams(settings: SyslogListener, parts: MakeParts): Running {
  const { limits, clock, report } = parts;
  const status = makeStatus(settings, { ...DATAGRAM_COUNTERS }, clock, report);
  return assemble(settings, parts, status, (shared) =>
    openDatagrams({ ...parts, ...shared, status, receiveBuffer: limits.receiveBuffer }),
  );
}

function makeStreams(settings: SyslogListener, parts: MakeParts): Running {
  const { clock, report } = parts;
  const status = makeStatus(settings, { ...STREAM_COUNTERS }, clock, report);
  return assemble(settings, parts, status, (shared) => openStreams({ ...parts, ...shared, status }));
}

interface Shared {
  readonly listener: SyslogListener;
  readonly intake: Intake;
  readonly allowed: AllowedSenders;
  readonly cautions: Cautions;
}

function assemble(
  settings: SyslogListener,
  { sink, clock, limits, crash }: MakeParts,
  status: ListenerParts['status'],
  makeOpen: (shared: Shared) => ListenerParts['open'],
): Running {
  const cautions = new Cautions(status);
  if (settings.allowed.length === 0) cautions.say('allowed', 'nobody may send: name networks in `allowed`');
  const intake = new Intake({
    parser: settings.parser,
    sink,
    clock,
    limits,
    hindered: (why) => cautions.say('pipeline', why),
  });
  const open = makeOpen({ listener: settings, intake, allowed: new AllowedSenders(settings.allowed), cautions });
  return {
    settings,
    intake,
    listener: new Listener({ clock, open, status, crash }),
    lost: (lines) => {
      if (lines > 0) status.lose(`${lines} lines were received and not taken by the pipeline before the stop`);
    },
  };
}
