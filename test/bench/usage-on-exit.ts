/** Loaded ahead of a program by `--import`: writes what the whole process has used to descriptor 3 when it ends. */
import { writeSync } from 'node:fs';

process.once('exit', () => writeSync(3, JSON.stringify(process.resourceUsage())));
