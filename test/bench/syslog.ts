import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { systemRandom } from '../../actors/clock/index.ts';
import { openNetwork, SyslogReceiver } from '../../actors/watchers/syslog/index.ts';
import { UTC } from '../../core/event/syslog-time.ts';
import { cidrs } from '../support/cidrs.ts';
import { realClock } from '../support/real-clock.ts';
import { until } from '../support/until.ts';
import { declareBench, type Figures } from './bench.ts';
import { rounded } from './statistics.ts';

const LINE =
  '<38>1 2026-11-22T01:02:03.123456Z edge sshd 4242 - - Failed password for invalid user admin from 203.0.113.7 port 4711 ssh2';

/** Sends over a socket from a thread of its own, so that the receiver's thread is measured alone. */
const SENDER = `
const { workerData, parentPort } = require('node:worker_threads');
const { transport, port, count, line } = workerData;
if (transport === 'udp') {
  const socket = require('node:dgram').createSocket('udp4');
  let sent = 0, under = 0;
  const more = () => {
    while (sent < count && under < 64) { sent++; under++; socket.send(line, port, '127.0.0.1', () => { under--; more(); }); }
    if (sent === count && under === 0) { socket.close(); parentPort.postMessage('done'); }
  };
  more();
} else {
  const socket = require('node:net').connect(port, '127.0.0.1');
  const counted = line.length + ' ' + line;
  const block = Buffer.from(counted.repeat(1000));
  let sent = 0;
  const more = () => {
    while (sent < count) { sent += 1000; if (!socket.write(block)) { socket.once('drain', more); return; } }
    socket.end(() => parentPort.postMessage('done'));
  };
  socket.on('connect', more);
}`;

/** The syslog receiver alone, in front of a pipeline that takes everything at once. */
export const syslog = declareBench({
  name: 'syslog',
  about: 'the syslog receiver: lines per second of its thread, TCP and UDP, and what a UDP flood loses',
  options: { lines: { about: 'lines sent over each transport', value: 500_000 } },
  run: async ({ lines }, say) => {
    const tcp = await measure('tcp', lines);
    const udp = await measure('udp', lines);
    say(
      `TCP ${tcp.rate} lines/CPU-s, UDP ${udp.rate} lines/CPU-s, ${udp.lost} of ${lines} datagrams dropped and counted`,
    );
    return { tcp_lines_per_cpu_s: tcp.rate, udp_lines_per_cpu_s: udp.rate, udp_dropped: udp.lost } satisfies Figures;
  },
});

async function measure(
  transport: 'udp' | 'tcp',
  count: number,
): Promise<{ readonly rate: number; readonly lost: number }> {
  let taken = 0;
  let lost = 0;
  const receiver = new SyslogReceiver({
    listeners: [{ transport, at: { address: '127.0.0.1', port: 0 }, parser: 'sshd', allowed: cidrs('127.0.0.0/8') }],
    sink: {
      submit: async ({ lines }) => {
        taken += lines.length;
      },
    },
    network: openNetwork(),
    clock: realClock,
    random: systemRandom,
    zone: UTC,
    report: ({ counters }) => {
      lost = (counters['dropped'] ?? 0) + (counters['droppedByKernel'] ?? 0);
    },
  });
  await receiver.start((cause) => {
    throw cause;
  });
  const port = receiver.endpoints[0]?.at?.port;
  const before = process.threadCpuUsage();
  const sender = new Worker(SENDER, { eval: true, workerData: { transport, port, count, line: LINE } });
  await once(sender, 'message');
  await until('every line accounted for', () => taken + lost >= count, 60_000);
  const { user, system } = process.threadCpuUsage(before);
  await sender.terminate();
  await receiver.stop();
  return { rate: rounded((taken / (user + system)) * 1e6, 0), lost };
}
