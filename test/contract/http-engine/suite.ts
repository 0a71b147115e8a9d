import { ageCases } from './ages.ts';
import type { MakeEngine } from './bench.ts';
import { bodyCases } from './bodies.ts';
import { connectionCases } from './connections.ts';
import { exchangeCases } from './exchange.ts';
import { fieldCases } from './fields.ts';
import { framingCases } from './framing.ts';
import { hostileCases } from './hostile.ts';
import { listeningCases } from './listening.ts';
import { pieceCases } from './pieces.ts';
import { pipeliningCases } from './pipelining.ts';
import { pressureCases } from './pressure.ts';
import { refusalCases } from './refusals.ts';
import { streamCases } from './streams.ts';
import { targetCases } from './targets.ts';
import { tlsCases } from './tls.ts';

/** What any HTTP engine must do, over real sockets on loopback. */
export function httpEngineSuite(name: string, make: MakeEngine): void {
  exchangeCases(name, make);
  targetCases(name, make);
  fieldCases(name, make);
  framingCases(name, make);
  connectionCases(name, make);
  ageCases(name, make);
  pipeliningCases(name, make);
  hostileCases(name, make);
  refusalCases(name, make);
  pressureCases(name, make);
  streamCases(name, make);
  bodyCases(name, make);
  pieceCases(name, make);
  tlsCases(name, make);
  listeningCases(name, make);
}
