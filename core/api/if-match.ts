import type { Seen } from './settings.ts';

/**
 * The etags in an `If-Match` header: `*`, one, or several; each quoted or, as CSM gives them out, not. A weak one counts:
 * whoever compresses an answer on its way makes the tag weak. Undefined where there is none.
 */
export function seenIn(header: string | undefined): Seen | undefined {
  const tags = (header ?? '')
    .split(',')
    .map((one) =>
      one
        .trim()
        .replace(/^W\//, '')
        .replace(/^"(.*)"$/, '$1'),
    )
    .filter((one) => one !== '');
  if (tags.includes('*')) return 'anything';
  return tags.length === 0 ? undefined : tags;
}
