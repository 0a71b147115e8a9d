import { loadUws, nodeEngine, uwsEngine } from '../../actors/http/index.ts';
import type { Random } from '../../core/base/ports.ts';
import { realClock } from '../support/real-clock.ts';
import { httpEngineSuite } from './http-engine/suite.ts';

const loaded = loadUws();
if (!loaded.ok) throw new Error(loaded.public);
const uws = loaded.value;

/**
 * Bytes 1, 2, 3, …: the engine's lots, by which it looks after some replies more closely and may end their connection,
 * fall on every sixteenth reply, so that the short exchanges here go as they mostly do and the long ones meet both kinds.
 */
function inTurn(): Random {
  let last = 0;
  return { bytes: (count) => Uint8Array.from({ length: count }, () => ++last) };
}

httpEngineSuite('uWebSockets.js', (limits) =>
  uwsEngine({
    uws,
    clock: realClock,
    random: inTurn(),
    log: () => {},
    limits,
    local: nodeEngine({ clock: realClock, log: () => {}, limits }),
  }),
);
