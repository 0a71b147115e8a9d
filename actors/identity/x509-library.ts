import type * as X509 from './x509.ts';

/**
 * Loads the library, which costs 35 ms and 15 MB, only when there is something to issue. One of its dependencies, a
 * container for constructor injection, refuses to load without the reflection API of a decorator proposal, though none
 * of the classes here carries such metadata. It gets an empty one for as long as it loads, and no global remains.
 */
export async function x509Library(): Promise<typeof X509> {
  const reflect = Reflect as { getMetadata?: unknown; getOwnMetadata?: unknown };
  if (reflect.getMetadata !== undefined) return await import('./x509.ts');
  const none = () => undefined;
  Object.assign(reflect, { getMetadata: none, getOwnMetadata: none });
  try {
    return await import('./x509.ts');
  } finally {
    delete reflect.getMetadata;
    delete reflect.getOwnMetadata;
  }
}
