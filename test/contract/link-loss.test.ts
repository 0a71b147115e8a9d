import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from '../../actors/store/index.ts';
import { fail, ok } from '../../core/base/result.ts';
import { minutes } from '../../core/base/time.ts';
import { BATCH_BYTES } from '../../core/link/outbox.ts';
import { STREAMS, type StreamName } from '../../core/link/stream.ts';
import { OutboxSite } from '../support/link/outbox-site.ts';
import { realClock } from '../support/real-clock.ts';
import { settled } from '../support/settled.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';

const MIB = 1024 * 1024;
const MINUTES = 24 * 60;
/** A minute of an attack: half a million findings in a day. */
const A_MINUTE: Readonly<Record<StreamName, number>> = { finding: 348, incident: 12, audit: 1, event: 60 };

async function bytesIn(directory: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(directory)) bytes += (await stat(join(directory, name))).size;
  return bytes;
}

test('24 hours without a link and half a million findings: bounded, the least important given up first, gaps named, drained in order', {
  timeout: 300_000,
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bartizan-loss-'));
  const opened = await openStore({ stateDirectory: directory, clock: realClock, log: () => {}, onDamage: () => {} });
  assert.ok(opened.ok);
  try {
    const clock = new SimulatedClock();
    const begun = clock.now();
    const site = new OutboxSite(opened.value.port, clock);
    await site.outbox.load();
    const made = { finding: 0, incident: 0, audit: 0, event: 0 };
    const firstLoss = new Map<string, number>();
    let most = 0;
    for (let minute = 0; minute < MINUTES; minute++) {
      for (const stream of STREAMS) for (let n = 0; n < A_MINUTE[stream]; n++) site.add(stream, ++made[stream]);
      clock.advance(minutes(1));
      await site.outbox.settled();
      most = Math.max(most, site.outbox.waitingBytes);
      for (const [stream, { givenUp }] of Object.entries(site.outbox.counters())) {
        if (givenUp > 0 && !firstLoss.has(stream)) firstLoss.set(stream, minute);
      }
    }
    assert.ok(made.finding > 500_000);
    assert.ok(most <= 64 * MIB + STREAMS.length * BATCH_BYTES, `${most} bytes waited`);
    const onDisk = await bytesIn(join(directory, 'store'));
    assert.ok(onDisk < 256 * MIB, `${Math.round(onDisk / MIB)} MiB on disk`);
    assert.deepEqual([...firstLoss.keys()], ['event', 'incident', 'finding']);

    await site.outbox.stop();
    await site.again();
    let left = 300;
    site.answer = async () => (left-- > 0 ? ok(undefined) : fail('closed', 'the link broke'));
    site.up();
    for (let turn = 0; left > 0 && turn < 1000; turn++) await site.quiet();
    // The process is gone without a word, in the midst of it.
    await site.again();
    site.answer = async () => ok(undefined);
    site.up();
    for (let turn = 0; site.outbox.waitingBytes > 0 && turn < 2000; turn++) {
      clock.advance(100);
      for (let i = 0; i < 50; i++) await settled();
    }
    for (const stream of STREAMS) {
      assert.equal(site.ledger.last(stream), made[stream], stream);
      const gaps = site.ledger.gaps(stream);
      const missing = gaps.reduce((sum, { count }) => sum + count, 0);
      assert.equal(site.ledger.items(stream).length, made[stream] - missing, stream);
      assert.ok(gaps.length <= 1 && gaps.every(({ reason }) => reason === 'size'), JSON.stringify(gaps));
      assert.equal(gaps[0]?.oldestAt, missing === 0 ? undefined : begun, stream);
      assert.equal(site.ledger.epochs(stream).length, 1);
    }
    assert.ok((site.ledger.gaps('finding')[0]?.count ?? 0) > 100_000);
    assert.deepEqual(site.ledger.gaps('audit'), []);
    // Of what has the same priority the order is that of the streams: audit, findings, incidents, events.
    const lastAudit = site.order.lastIndexOf('audit');
    assert.ok(lastAudit < site.order.lastIndexOf('finding'));
  } finally {
    await opened.value.service.stop();
    await rm(directory, { recursive: true, force: true });
  }
});
