/**
 * Values with the place they were written at: what validation walks. `at` is an offset into the file's text, 0 for
 * values that come from no file.
 */
export type Tree = { readonly at: number } & (
  | { readonly kind: 'scalar'; readonly value: Scalar }
  | { readonly kind: 'list'; readonly items: readonly Tree[] }
  | { readonly kind: 'map'; readonly entries: readonly Entry[] }
  /** What a config may not hold; `what` says it in words. */
  | { readonly kind: 'alien'; readonly what: string }
);

export type Scalar = string | number | bigint | boolean | null;

export interface Entry {
  readonly key: string;
  readonly keyAt: number;
  readonly value: Tree;
}

/** JSON as a tree; a property that is `undefined` is absent. */
export function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { at: 0, kind: 'list', items: value.map(treeOf) };
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return { at: 0, kind: 'map', entries: entries.map(([key, inner]) => ({ key, keyAt: 0, value: treeOf(inner) })) };
  }
  const plain = value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
  return plain ? { at: 0, kind: 'scalar', value: value as Scalar } : { at: 0, kind: 'alien', what: typeof value };
}
