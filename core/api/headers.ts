/** On every reply. */
const SECURITY = {
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** A reply of the API: never kept by a cache, and nothing in it runs if a browser is made to show it. */
export const API_HEADERS: Readonly<Record<string, string>> = {
  ...SECURITY,
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'cache-control': 'no-store',
};

/** A page or asset of the console: own scripts and styles only, none inline; asked for again each time, by ETag. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  ...SECURITY,
  'content-security-policy':
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'cache-control': 'no-cache',
};
