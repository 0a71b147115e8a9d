/**
 * npm packages of which something stays outside the bundle, and which are installed whole, with what they need: of the first
 * what loads its addon, the second, which loads its own, and one that is data, found by its name.
 */
export const OUTSIDE: readonly string[] = [
  'classic-level',
  '@btc-vision/uwebsockets.js',
  '@ip-location-db/geo-whois-asn-country-mmdb',
];
