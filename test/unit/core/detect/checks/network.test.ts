import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lone, run } from '../../../../support/detectors.ts';
import { eventAt, ip } from '../../../../support/events.ts';

const A = ip('203.0.113.7');

const dropped = (second: number, port: number) =>
  eventAt(second, second, {
    category: 'network',
    action: 'packet_dropped',
    provenance: 'kernel',
    sourceIp: A,
    destinationPort: port,
  });

test('dropped packets to fifteen ports within a minute are a scan', () => {
  const packets = Array.from({ length: 15 }, (_, i) => dropped(i, 20 + i));
  const [found] = run(lone('port_scan'), packets);
  assert.equal(found?.message, `Port scan from ${A}: packets to 15 ports dropped in 14s (ports 20, 21, 22, 23, 24, …)`);
  assert.equal(found?.provenance, 'kernel');
  assert.deepEqual(run(lone('port_scan'), packets.slice(1)), []);
});

test('the same port again is no further port, and packets without one are none', () => {
  assert.deepEqual(
    run(
      lone('port_scan'),
      Array.from({ length: 59 }, (_, i) => dropped(i, 20 + (i % 14))),
    ),
    [],
  );
  const { destinationPort: _, ...icmp } = dropped(0, 1);
  assert.deepEqual(
    run(
      lone('port_scan'),
      Array.from({ length: 30 }, () => icmp),
    ),
    [],
  );
});
