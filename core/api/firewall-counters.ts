import type { Millis } from '../base/time.ts';
import type { CounterPage } from '../respond/counter-history.ts';

/** What the firewall's rules have counted over time. */
export interface FirewallCounters {
  since(from: Millis): CounterPage;
}
