import { nobody } from '../../../../actors/controller-link/nobody.ts';
import { linkOrdersSuite } from '../../../support/link/orders-suite.ts';
import { RecordingOrders } from '../../../support/link/recording-orders.ts';

linkOrdersSuite('recording', async () => ({ orders: new RecordingOrders(), close: async () => {} }));
linkOrdersSuite('nobody', async () => ({ orders: nobody(), close: async () => {} }));
