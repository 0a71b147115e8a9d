export { type OpenConfig, openConfig } from './config-file.ts';
export { locateConfig } from './locate.ts';
export type { ConfigFile, ConfigFileFailure, ConfigOnDisk } from './port.ts';
export { type ReadFailure, readConfigFile } from './read.ts';
export { configNotes, hostLogs, surroundings } from './sources.ts';
