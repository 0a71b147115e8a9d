import type { MakeEngine } from './bench.ts';
import { bodyCases } from './bodies.ts';
import { exchangeCases } from './exchange.ts';
import { hostileCases } from './hostile.ts';
import { listeningCases } from './listening.ts';
import { streamCases } from './streams.ts';
import { tlsCases } from './tls.ts';

/** What any HTTP engine must do, over real sockets on loopback. */
export function httpEngineSuite(name: string, make: MakeEngine): void {
  exchangeCases(name, make);
  hostileCases(name, make);
  streamCases(name, make);
  bodyCases(name, make);
  tlsCases(name, make);
  listeningCases(name, make);
}
