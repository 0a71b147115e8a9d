import { brokerSuite } from '../../../support/link/broker-suite.ts';
import { FakeBrokers } from '../../../support/link/fake-broker.ts';

brokerSuite('fake', async () => {
  const port = new FakeBrokers();
  return {
    port,
    url: 'mqtts://one',
    credentials: { cert: '', key: '', authority: '' },
    deliver: (topic, payload) => port.deliver(topic, payload),
    seen: async (topic) => port.published.findLast((message) => message.topic === topic)?.payload,
    cut: async () => port.cut(),
    close: async () => {},
  };
});
