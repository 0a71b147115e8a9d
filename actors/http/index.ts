/** The window on the appliance: API and console over HTTPS, and the same API for root on a local socket. */
export { type ChosenEngine, chooseEngine } from './choose.ts';
export { finisher } from './front.ts';
export { nodeEngine } from './node/engine.ts';
export type { AttachedConnection, AttachPoint, HttpEnginePort, TlsMaterial } from './port.ts';
export { type HttpOptions, type HttpService, httpServices } from './service.ts';
export { uwsEngine } from './uws/engine.ts';
export { loadUws } from './uws/load.ts';
