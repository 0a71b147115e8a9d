import { nodeEngine } from '../../actors/http/index.ts';
import { realClock } from '../support/real-clock.ts';
import { httpEngineSuite } from './http-engine/suite.ts';

httpEngineSuite('node:https', (limits) => nodeEngine({ clock: realClock, log: () => {}, limits }));
