import type { Component, ComponentState } from '../../core/base/component.ts';
import type { Millis } from '../../core/base/time.ts';
import type { StoreHealth } from '../store/index.ts';

/** The store as one of the components: it says how it is when asked, so when that changed is noticed here. */
export class StoreComponent {
  readonly #health: () => StoreHealth;
  readonly #now: () => Millis;
  #shown: { readonly state: ComponentState; readonly since: Millis } | undefined;

  constructor(health: () => StoreHealth, now: () => Millis) {
    this.#health = health;
    this.#now = now;
  }

  component(): Component {
    const { state: health, message } = this.#health();
    const state = health === 'ok' ? 'ok' : 'degraded';
    if (this.#shown?.state !== state) this.#shown = { state, since: this.#now() };
    return { name: 'store', ...this.#shown, ...(message === undefined ? {} : { message }), counters: {} };
  }
}
