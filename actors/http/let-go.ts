import type { HttpReply } from '../../core/api/http.ts';

/** Closes what a reply would be read from when it is not sent, or not to its end. Whether that works concerns nobody. */
export function letGo({ source, pieces }: HttpReply): void {
  source?.close();
  void pieces?.[Symbol.asyncIterator]()
    .return?.()
    .catch(() => {});
}
