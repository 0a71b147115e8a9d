import { hostAddresses } from '../identity/index.ts';

/** Under which addresses browsers reach a listener; a wildcard is reached under every one this host has at start. */
export const listenNames = (host: string): readonly string[] => {
  const isWildcard = host === '0.0.0.0' || host === '::';
  return ['127.0.0.1', '::1', ...(isWildcard ? hostAddresses() : [host])];
};
