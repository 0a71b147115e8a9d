import type {
  Incoming,
  LinkOrders,
  LinkUp,
  OrdersCounters,
  OrdersReport,
} from '../../../actors/controller-link/port.ts';

/** Writes down what it is handed and obeys nobody. */
export class RecordingOrders implements LinkOrders {
  readonly received: Incoming[] = [];
  readonly ups: LinkUp[] = [];
  closes = 0;
  /** What `receive` waits for. */
  gate: Promise<void> | undefined;
  reported: OrdersReport = {
    desired: {
      generation: 0,
      order: undefined,
      standing: 'none',
      text: '',
      confirmedGeneration: 0,
      confirmedOrder: undefined,
      changedHere: [],
    },
    lists: [],
    keysGeneration: 1,
  };

  async receive(message: Incoming): Promise<void> {
    this.received.push(message);
    await this.gate;
  }

  opened(up: LinkUp): void {
    this.ups.push(up);
  }

  closed(): void {
    this.closes++;
  }

  report(): OrdersReport {
    return this.reported;
  }

  counted: OrdersCounters = { taken: 0, refused: {} };

  counters(): OrdersCounters {
    return this.counted;
  }

  troubled: string | undefined;

  trouble(): string | undefined {
    return this.troubled;
  }
}
