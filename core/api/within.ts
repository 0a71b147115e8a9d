import type { Clock } from '../base/ports.ts';
import type { Millis } from '../base/time.ts';

/** What `within` gives when the time is up. */
export const LATE = Symbol('late');

/** The work's result, or `LATE` after `limit`. The work goes on; what becomes of it then is nobody's concern here. */
export function within<V>(clock: Clock, limit: Millis, work: Promise<V>): Promise<V | typeof LATE> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(limit, () => resolve(LATE));
    work.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (thrown: unknown) => {
        cancel();
        reject(thrown);
      },
    );
  });
}
