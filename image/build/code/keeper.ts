/**
 * Is loaded before the daemon when the build runs it, in each of its threads. At a SIGUSR2 all of them write the code of
 * the scripts that they have made, with what has been compiled by then, beside these scripts; then the daemon is ended.
 */
import { subscribe } from 'node:diagnostics_channel';
import { chmodSync, writeFileSync } from 'node:fs';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';
import { codeFile, type MadeScript, packedCode, SCRIPTS } from './require-kept.ts';

const made: MadeScript[] = [];
subscribe(SCRIPTS.name, (script) => void made.push(script as MadeScript));
function keep(): void {
  for (const script of made) {
    const file = codeFile(script.file);
    writeFileSync(file, packedCode(script));
    // Whoever runs the program reads it; the daemon's own files are for itself alone.
    chmodSync(file, 0o644);
  }
}

const threads = new BroadcastChannel('bartizan:keep-code');
threads.unref();
if (isMainThread) {
  process.once('SIGUSR2', () => {
    keep();
    threads.postMessage('keep');
  });
  threads.onmessage = () => process.kill(process.pid, 'SIGTERM');
} else {
  threads.onmessage = () => {
    keep();
    threads.postMessage('kept');
  };
}
