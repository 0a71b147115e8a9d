/**
 * Build step, after the bundle: runs the daemon once, on an empty directory, and keeps what the engine has compiled of
 * its scripts by the time it is ready (`dist/bundle/*.cjs.code`). It watches nothing and leaves the kernel alone.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { daemonFlags } from '../../daemon-flags.ts';
import { codeFile } from './require-kept.ts';

const DIST = fileURLToPath(new URL('../../../', import.meta.url));
const KEPT = ['bundle/daemon.cjs', 'bundle/pipeline.cjs', 'generated/certificates.cjs'];
const CONFIG = `webui: { listen: '127.0.0.1:0' }
firewall: { enabled: false }
`;
const LONGEST_MS = 120_000;

const state = mkdtempSync(join(tmpdir(), 'bartizan-build-'));
writeFileSync(join(state, 'bartizan.yaml'), CONFIG, { mode: 0o600 });
const flags = [...daemonFlags(join(DIST, '..')), '--import', join(DIST, 'image/build/code/keeper.js')];
const daemon = spawn(process.execPath, [...flags, join(DIST, 'bundle/main.js'), 'serve', '--state', state], {
  stdio: ['ignore', 'pipe', 'pipe'],
});
const log = text(daemon.stderr);
const timer = setTimeout(() => daemon.kill('SIGKILL'), LONGEST_MS);
createInterface({ input: daemon.stdout }).on('line', (line) => {
  if (line.includes('ready in')) daemon.kill('SIGUSR2');
});
const [code, signal] = (await once(daemon, 'exit')) as [number | null, NodeJS.Signals | null];
clearTimeout(timer);
rmSync(state, { recursive: true });
const missing = KEPT.filter((file) => !existsSync(codeFile(join(DIST, file))));
if (code !== 0 || missing.length > 0) {
  process.stderr.write(
    `${await log}the code of ${missing.join(', ') || 'all scripts'} was not kept: the daemon ended with ${code ?? signal}\n`,
  );
  process.exitCode = 1;
}
