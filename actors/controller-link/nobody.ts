import type { LinkOrders } from './port.ts';

/** Obeys nobody: for an appliance that only reports. */
export const nobody = (): LinkOrders => ({
  receive: async () => {},
  opened: () => {},
  closed: () => {},
  report: () => ({
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
    keysGeneration: 0,
  }),
  counters: () => ({ taken: 0, refused: {} }),
});
