/**
 * npm packages that the bundle leaves where they are. Two load an addon from beside themselves; one is data, found by its
 * name; the library of certificates is loaded once in a year and counts on its packages being there once each, which
 * bundling it does not keep.
 */
export const OUTSIDE: readonly string[] = [
  'classic-level',
  '@btc-vision/uwebsockets.js',
  '@ip-location-db/geo-whois-asn-country-mmdb',
  '@peculiar/x509',
];
