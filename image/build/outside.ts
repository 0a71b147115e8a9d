/**
 * npm packages that the bundle leaves where they are. Two load an addon from beside themselves; one is data, found by its
 * name.
 */
export const OUTSIDE: readonly string[] = [
  'classic-level',
  '@btc-vision/uwebsockets.js',
  '@ip-location-db/geo-whois-asn-country-mmdb',
];
