import { systemRandom } from '../../actors/clock/index.ts';
import { loadUws, nodeEngine, uwsEngine } from '../../actors/http/index.ts';
import { realClock } from '../support/real-clock.ts';
import { httpEngineSuite } from './http-engine/suite.ts';

const loaded = loadUws();
if (!loaded.ok) throw new Error(loaded.public);
const uws = loaded.value;

httpEngineSuite('uWebSockets.js', (limits) =>
  uwsEngine({
    uws,
    clock: realClock,
    random: systemRandom,
    log: () => {},
    limits,
    local: nodeEngine({ clock: realClock, log: () => {}, limits }),
  }),
);
