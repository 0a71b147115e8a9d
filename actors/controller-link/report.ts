import { createHash } from 'node:crypto';
import type { Clock } from '../../core/base/ports.ts';
import type { Millis } from '../../core/base/time.ts';
import type {
  ChangeOnTrial,
  Facts,
  FirewallState,
  Reported,
  ReportedComponent,
  ReportedSlot,
  RunId,
  StreamState,
} from '../../core/link/reported.ts';
import { encodeReported } from '../link-wire/index.ts';
import type { OrdersReport } from './port.ts';

/** What the appliance says of itself, besides orders and streams. */
export interface OwnReport {
  readonly facts: Facts;
  /** Those that are not well. */
  readonly components: readonly ReportedComponent[];
  readonly firewall: FirewallState;
  readonly change: Omit<ChangeOnTrial, 'nonce' | 'order'> | undefined;
  readonly slots: readonly ReportedSlot[];
}

export interface ReportParts {
  readonly clock: Pick<Clock, 'now'>;
  readonly own: () => Promise<OwnReport>;
  readonly orders: () => OrdersReport;
  readonly streams: () => readonly StreamState[];
  readonly run: RunId;
  readonly connection: () => number;
  readonly certificateUntil: () => Millis;
}

/** A report, and what it says, as far as that can be news. */
export interface MadeReport {
  readonly bytes: Uint8Array;
  /** Differs whenever the report does, moments and what grows all the time left out. */
  readonly says: string;
  /** How far each stream was sent. */
  readonly sent: readonly string[];
}

/** The report as it is now. */
export async function makeReport(parts: ReportParts): Promise<MadeReport> {
  const { clock, run, connection, certificateUntil } = parts;
  const { change, ...own } = await parts.own();
  const { desired, lists, keysGeneration, change: ordered } = parts.orders();
  const report: Reported = {
    at: clock.now(),
    run,
    connection: connection(),
    ...own,
    change: change === undefined ? undefined : { ...change, ...provenBy(change.id, ordered) },
    desired,
    lists,
    keysGeneration,
    streams: parts.streams(),
    certificateUntil: certificateUntil(),
  };
  const { at: _, streams, ...rest } = report;
  const epochs = streams.map(({ stream, epoch }) => `${stream} ${epoch}`);
  const says = createHash('sha256')
    .update(JSON.stringify([rest, epochs]))
    .digest('base64');
  const sent = streams.map((one) => `${one.stream} ${one.epoch} ${one.sent}`);
  return { bytes: encodeReported(report), says, sent };
}

const provenBy = (id: string, ordered: OrdersReport['change']): Pick<ChangeOnTrial, 'nonce' | 'order'> =>
  ordered === undefined || ordered.id !== id
    ? { nonce: undefined, order: undefined }
    : { nonce: ordered.nonce, order: ordered.order };
