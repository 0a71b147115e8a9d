import { writeSync } from 'node:fs';
import { systemClock } from '../../actors/clock/index.ts';
import { createLog } from '../../actors/log/index.ts';

/** A process that logs `LINES` lines to standard error, then says on standard output how many were lost. */
const { log, lost } = createLog({ clock: systemClock, level: 'info' });
for (let n = 0; n < Number(process.env['LINES']); n++) log('info', `line ${n}`, { n, filler: 'x'.repeat(1000) });
writeSync(1, `lost ${lost()}\n`);
