export { packetTools } from './effects.ts';
export { removeLeftOvers, withNamespaces } from './namespaces.ts';
export {
  addressLines,
  batch,
  load,
  nft,
  readTable,
  type Space,
  sameFamily,
  sourceLines,
  targetLines,
  within,
} from './place.ts';
export { type Fate, type Letter, type PacketTools, type Ran, type RunOptions, troubleOf } from './port.ts';
export { fatesIn, type Watched, witnesses } from './witnesses.ts';
