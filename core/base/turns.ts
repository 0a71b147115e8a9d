/** Runs one thing at a time, in the order of the calls; one that fails does not hold up the next. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  run<V>(work: () => Promise<V>): Promise<V> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
