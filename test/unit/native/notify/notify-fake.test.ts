import { FakeDatagrams } from '../../../../native/notify/fake.ts';
import { datagramSuite } from '../../../contract/notify-suite.ts';

datagramSuite('fake', () => {
  const kernel = new FakeDatagrams();
  return {
    open: () => kernel.open(),
    listen: async (path) => {
      const receiver = kernel.listen(path);
      return { read: async () => receiver.queue, close: async () => receiver.close() };
    },
    path: (name) => `/run/${name}`,
  };
});
