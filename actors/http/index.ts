/** The window on the appliance: API and console over HTTPS, and the same API for root on a local socket. */
export { type ChosenEngine, chooseEngine } from './choose.ts';
export { nodeEngine } from './node/engine.ts';
export type { AttachedConnection, AttachPoint, HttpEnginePort, TlsMaterial } from './port.ts';
export { finisher, type HttpOptions, type HttpService, httpService } from './service.ts';
export { uwsEngine } from './uws/engine.ts';
export { loadUws } from './uws/load.ts';
