import type { Query } from '../../core/query/tree.ts';
import type { SearchEvent } from './search.ts';
import type { VerifyEvent } from './verify.ts';

/** What the thread that reads is asked. Several requests are under way at once; `id` tells them apart. */
export type ToSearcher =
  | {
      readonly kind: 'search';
      readonly id: number;
      readonly query: Query;
      readonly budget: number | undefined;
      readonly pageBytes: number | undefined;
    }
  | { readonly kind: 'verify'; readonly id: number }
  | { readonly kind: 'cancel'; readonly id: number };

/** `done` ends what was asked. */
export type FromSearcher =
  | { readonly kind: 'event'; readonly id: number; readonly event: SearchEvent | VerifyEvent }
  | { readonly kind: 'done'; readonly id: number };

export interface SearcherSettings {
  readonly directory: string;
}
