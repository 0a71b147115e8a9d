/** A value that is there, or will be. Where it mostly is there, waiting for it all the same costs more than the work. */
export type Awaitable<V> = V | Promise<V>;

/** What `next` makes of the value: at once when it is there. A rejection passes by; a throw of `next` is the caller's. */
export const whenThere = <V, W>(value: Awaitable<V>, next: (value: V) => Awaitable<W>): Awaitable<W> =>
  value instanceof Promise ? value.then(next) : next(value);
