/** Topics by name, each with the type of its messages. The composition root declares one such type for the program. */
export type Topics = Readonly<Record<string, unknown>>;

/** What a subscriber threw. */
export type SubscriberFailure = (topic: string, thrown: unknown) => void;

/**
 * Messages within the process, typed by topic.
 *
 * Order: there is one total order for a bus, that of the calls of `publish`; every subscriber meets the messages in it,
 * across topics too, and of one message the subscribers in the order in which they subscribed. Delivery is synchronous:
 * when the outermost `publish` returns, everybody has seen the message. A message published by a subscriber is
 * delivered after the present one has reached everybody, before that outermost `publish` returns.
 *
 * A subscriber that throws is reported and the others are called all the same. One that subscribes during a delivery
 * first meets the next message; one that unsubscribes is not called again, not even for the present one.
 *
 * There is no queue beyond this and nothing is dropped: a slow subscriber holds the publisher up. Who cannot keep up
 * with the order takes a message and does the work elsewhere, behind a bound of its own.
 */
export class Bus<T extends Topics> {
  readonly #subscribers = new Map<keyof T, Subscription[]>();
  readonly #onFailure: SubscriberFailure;
  readonly #queue: { readonly topic: keyof T; readonly message: unknown }[] = [];
  #delivering = false;

  constructor(onFailure: SubscriberFailure) {
    this.#onFailure = onFailure;
  }

  /** Never throws. */
  publish<N extends keyof T & string>(topic: N, message: T[N]): void {
    this.#queue.push({ topic, message });
    if (this.#delivering) return;
    this.#delivering = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#deliver(String(next.topic), next.message);
    }
    this.#delivering = false;
  }

  /** Returns the unsubscriber, which may be called any number of times. */
  subscribe<N extends keyof T & string>(topic: N, subscriber: (message: T[N]) => void): () => void {
    const subscription: Subscription = { run: subscriber as (message: unknown) => void, active: true };
    this.#subscribers.set(topic, [...(this.#subscribers.get(topic) ?? []), subscription]);
    return () => {
      subscription.active = false;
      this.#subscribers.set(
        topic,
        (this.#subscribers.get(topic) ?? []).filter((other) => other !== subscription),
      );
    };
  }

  #deliver(topic: string, message: unknown): void {
    for (const subscription of this.#subscribers.get(topic) ?? []) {
      if (!subscription.active) continue;
      try {
        subscription.run(message);
      } catch (thrown) {
        this.#report(topic, thrown);
      }
    }
  }

  /** Whoever is told must not be able to stop the others either. */
  #report(topic: string, thrown: unknown): void {
    try {
      this.#onFailure(topic, thrown);
    } catch {
      // There is nobody left to tell.
    }
  }
}

interface Subscription {
  readonly run: (message: unknown) => void;
  active: boolean;
}
