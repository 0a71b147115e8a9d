import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { NODE_FLAGS } from '../daemon.ts';
import { waitFor } from '../wait-for.ts';
import type { EnrolmentServer } from './enrolment-server.ts';
import type { Counts } from './loss-day.ts';
import type { Mosquitto } from './mosquitto.ts';
import { Observer } from './observer.ts';
import { StreamLedger } from './stream-ledger.ts';

const CHILD = fileURLToPath(new URL('./drain-child.js', import.meta.url));

export interface KilledDrain {
  /** A directory with a store that holds a backlog, and for temporary files. */
  readonly state: string;
  readonly made: Counts;
  readonly maxBytes: number;
  readonly broker: Mosquitto;
  readonly server: EnrolmentServer;
  /** Kill -9 after so many messages each. */
  readonly killsAfter: readonly number[];
}

export interface Outcome {
  readonly ledger: StreamLedger;
  /** Messages of streams that the broker handed on. */
  readonly messages: number;
  /** Items that came more than once, under the same numbers. */
  readonly doubles: number;
}

/** Has an appliance drain its backlog over a real broker and kills it in the midst of it, as often as asked for; the last life ends the drain. */
export async function killedDrain({
  state,
  made,
  maxBytes,
  broker,
  server,
  killsAfter,
}: KilledDrain): Promise<Outcome> {
  const observer = await Observer.connect(broker);
  const streams: { readonly topic: string; readonly payload: Buffer }[] = [];
  let child: ChildProcess | undefined;
  let killAt = 0;
  observer.onSeen = ({ topic, payload }) => {
    if (!topic.includes('/stream/')) return;
    streams.push({ topic, payload });
    if (streams.length === killAt) child?.kill('SIGKILL');
  };
  const begin = (): ChildProcess => {
    const argv = [...NODE_FLAGS, CHILD, state, server.token(), String(made.finding), String(maxBytes)];
    return spawn(process.execPath, argv, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, TMPDIR: state },
    });
  };
  try {
    for (const messages of killsAfter) {
      killAt = streams.length + messages;
      child = begin();
      const [, signal] = await once(child, 'exit');
      if (signal !== 'SIGKILL') throw new Error('the appliance ended by itself');
    }
    killAt = 0;
    child = begin();
    const ledger = new StreamLedger();
    let read = 0;
    await waitFor(
      'all that was made',
      () => {
        for (const { topic, payload } of streams.slice(read)) ledger.take(topic, payload);
        read = streams.length;
        return (
          Object.entries(made).every(([stream, count]) => ledger.last(stream as keyof Counts) >= count) || undefined
        );
      },
      { withinMs: 120_000 },
    );
    return { ledger, messages: streams.length, doubles: ledger.doubles };
  } finally {
    await observer.close();
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
}
