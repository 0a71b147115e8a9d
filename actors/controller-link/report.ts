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

/** The report as it is now, and what it says: moments and what grows all the time are no news. */
export async function makeReport(parts: ReportParts): Promise<{ readonly bytes: Uint8Array; readonly says: string }> {
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
  return { bytes: encodeReported(report), says };
}

const provenBy = (id: string, ordered: OrdersReport['change']): Pick<ChangeOnTrial, 'nonce' | 'order'> =>
  ordered === undefined || ordered.id !== id
    ? { nonce: undefined, order: undefined }
    : { nonce: ordered.nonce, order: ordered.order };
