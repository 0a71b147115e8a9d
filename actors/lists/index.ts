export { allLists } from './all.ts';
export { GenerationBook } from './book.ts';
export { generationFolder } from './disk.ts';
export { FleetLists } from './fleet.ts';
export { ListKeeper, type ListKeeperDeps, type ListTrouble } from './keeper.ts';
export type { Found, Generation, GenerationStore, ReadSource } from './port.ts';
export { sourceReader } from './source.ts';
