import assert from 'node:assert/strict';
import { type JournalLoss, JournalWatcher } from '../../actors/watchers/journal/index.ts';
import type { Component } from '../../core/base/component.ts';
import { FakeJournald } from '../../native/journal/fake.ts';
import { JournalLedger } from './journal-ledger.ts';
import { settled } from './settled.ts';
import { SimulatedClock } from './simulated-clock.ts';

/** A watcher over a journal in memory, on a simulated clock, in front of a ledger. */
export class FollowedJournal {
  readonly clock = new SimulatedClock();
  readonly journald = new FakeJournald(this.clock);
  readonly ledger = new JournalLedger();
  readonly losses: JournalLoss[] = [];
  #component: Component | undefined;
  #watcher: JournalWatcher | undefined;

  /** Starts from the committed cursor. */
  async start(limits = { entries: 1024, bytes: 1e6 }): Promise<void> {
    this.#watcher = new JournalWatcher({
      source: { kind: 'system' },
      open: async (options) => this.journald.open(options),
      own: [[{ field: 'SYSLOG_IDENTIFIER', value: 'bartizan' }]],
      cursor: () => this.ledger.cursor,
      sink: this.ledger,
      clock: this.clock,
      report: (component) => {
        this.#component = component;
      },
      lost: (loss) => this.losses.push(loss),
      limits,
    });
    await this.#watcher.start((cause) => assert.fail(`the watcher crashed: ${String(cause)}`));
    await this.settle();
  }

  async stop(): Promise<void> {
    await this.#watcher?.stop();
    this.#watcher = undefined;
    await this.settle();
  }

  /** As when the process is killed: what was not committed is lost. */
  async kill(): Promise<void> {
    this.ledger.crash();
    await this.stop();
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 20; i++) await settled();
  }

  /** Lets time pass, everything settling in between. */
  async pass(length: number, step = 500): Promise<void> {
    for (let left = length; left > 0; left -= step) {
      this.clock.advance(Math.min(step, left));
      await this.settle();
    }
  }

  log(...messages: readonly string[]): void {
    this.journald.append(...messages.map((MESSAGE) => ({ fields: { MESSAGE, SYSLOG_IDENTIFIER: 'sshd' } })));
  }

  /** What the daemon itself says, which the watcher must not hand on. */
  logOwn(count = 1): void {
    const entry = { fields: { MESSAGE: 'own', SYSLOG_IDENTIFIER: 'bartizan' } };
    this.journald.append(...Array.from({ length: count }, () => entry));
  }

  get component(): Component {
    assert.ok(this.#component !== undefined);
    return this.#component;
  }
}
