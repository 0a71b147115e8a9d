import { fileURLToPath } from 'node:url';
import { type ExitName, exitCode } from '../../core/cli/exit-codes.ts';
import { modeOf } from '../../core/config/mode.ts';
import { PARSER_NAMES } from '../../core/event/parsers.ts';
import { keepPrivate, programHash } from '../appliance/index.ts';
import { pendingSnapshot } from '../change/index.ts';
import type { Output, ServeOptions } from '../cli/index.ts';
import { systemClock, systemRandom } from '../clock/index.ts';
import { readMachine } from '../field/index.ts';
import { openConfig } from '../host-integration/config-file/index.ts';
import { createLog } from '../log/index.ts';
import { confirmedContent } from './confirmed-content.ts';
import { Daemon } from './daemon.ts';
import { lay } from './foundation.ts';

export interface DaemonDeps {
  readonly version: string;
  readonly stdout: Output;
  readonly stderr: Output;
}

const PROGRAM = fileURLToPath(new URL('../../', import.meta.url));

/** Runs the appliance until a signal stops it or it cannot go on. @returns the exit code */
export async function serve(options: ServeOptions, deps: DaemonDeps): Promise<number> {
  const { config: given, state } = options;
  const choice = { ...(given === undefined ? {} : { config: given }), ...(state === undefined ? {} : { state }) };
  const opened = await openConfig({ ...choice, cwd: process.cwd(), parsers: PARSER_NAMES });
  if (!opened.ok)
    return end(deps, opened.code === 'invalid' || opened.code === 'unsafe' ? 'config' : 'failed', opened.public);
  keepPrivate();
  const { file, stateDir } = opened.value;
  const { config } = file.loaded;
  const { log } = createLog({ clock: systemClock, level: config.log.level });
  const mode = options.mode ?? modeOf(config);
  const foundation = await lay({ config, mode, stateDir, clock: systemClock, random: systemRandom, log });
  if (!foundation.ok) return end(deps, 'failed', foundation.public);
  const hash = programHash(PROGRAM);
  const confirmed = await confirmedContent(file, await pendingSnapshot(stateDir));
  const daemon = new Daemon({
    version: deps.version,
    mode,
    hash,
    log,
    opened: opened.value,
    foundation: foundation.value,
    machine: await readMachine(),
    confirmed,
  });
  return daemon.run(deps);
}

async function end({ stderr }: DaemonDeps, name: ExitName, text: string): Promise<number> {
  await stderr.write(`bartizan: ${text}\n`);
  return exitCode(name);
}
