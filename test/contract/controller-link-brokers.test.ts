import { mqttBrokers } from '../../actors/controller-link/mqtt.ts';
import { brokerSuite } from '../support/link/broker-suite.ts';
import { SITE_SERIAL } from '../support/link/link-site.ts';
import { Mosquitto, noMosquitto } from '../support/link/mosquitto.ts';
import { Observer } from '../support/link/observer.ts';

for (const kind of ['mqtts', 'wss'] as const) {
  brokerSuite(
    `mosquitto over ${kind}`,
    async () => {
      const broker = await Mosquitto.make();
      await broker.start();
      const watching = await Observer.connect(broker);
      const { key, cert } = broker.authority.issue({ commonName: SITE_SERIAL, usage: 'client' });
      return {
        port: mqttBrokers,
        url: kind === 'mqtts' ? broker.url : broker.webSocketUrl,
        credentials: { key, cert, authority: broker.authority.cert },
        deliver: (topic, payload) => watching.publish(topic, payload),
        seen: async (topic) => watching.seen.findLast((seen) => seen.topic === topic)?.payload,
        cut: () => broker.kill(),
        close: async () => {
          await watching.close();
          await broker.remove();
        },
      };
    },
    { skip: noMosquitto },
  );
}
