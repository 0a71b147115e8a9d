import type { HttpReply } from '../../core/api/http.ts';

/**
 * Makes an end of a reply that is not sent, or not to its end: closes what it would be read from. Whether that works
 * concerns nobody.
 */
export function letGo({ status, source, pieces, handover }: HttpReply): void {
  handover?.answered(status);
  source?.close();
  void pieces?.[Symbol.asyncIterator]()
    .return?.()
    .catch(() => {});
}
