import { readFileSync, writeSync } from 'node:fs';
import { systemClock } from '../../actors/clock/index.ts';
import { createLog } from '../../actors/log/index.ts';
import { until } from './until.ts';

/** A process that logs as the daemon does, wherever that leads, and stops its journald in the middle when told to. */
const { log, lost } = createLog({ clock: systemClock, level: 'info', secrets: ['metrics_token'] });
log('info', 'started', { linesRead: 12, path: '/var/log/auth.log', metrics_token: 'hunter2', nested: { a: [1, 'b'] } });
log('warn', 'stranger’s text', { user: 'root\nPRIORITY=0', note: '\u001b[31mred' });
log('error', 'failed', { error: new Error('outer', { cause: new Error('inner') }) });
log('info', 'large', Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`field ${i}`, 'ä'.repeat(4000)])));
for (let i = 0; i < 1000; i++) log('info', 'again and again', { i });
const journald = process.env['STOP_JOURNALD'] === '1' ? Number(process.env['JOURNALD']) : 0;
if (journald > 0) {
  process.kill(journald, 'SIGKILL');
  await until('journald to be gone', () => isGone(journald));
}
log('info', 'last');
writeSync(2, `lost ${lost()}, pid ${process.pid}\n`);

/** Its parent is a shell that waits for something else, so a zombie is as gone as it gets. */
function isGone(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}
