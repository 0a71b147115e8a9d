import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Component } from '../../core/base/component.ts';
import type { Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { type ExitName, exitCode } from '../../core/cli/exit-codes.ts';
import { parseListen } from '../../core/config/formats.ts';
import { modeOf } from '../../core/config/mode.ts';
import { PARSER_NAMES } from '../../core/event/parsers.ts';
import type { Mode } from '../../core/respond/mode.ts';
import {
  banner,
  damageFinding,
  modeReason,
  programHash,
  RunningAppliance,
  stopSignal,
  type Topics,
} from '../appliance/index.ts';
import { createBus } from '../bus/index.ts';
import type { Output, ServeOptions } from '../cli/index.ts';
import { systemClock, systemRandom } from '../clock/index.ts';
import { type OpenConfig, openConfig } from '../host-integration/config-file/index.ts';
import { type HttpService, httpService } from '../http/index.ts';
import { createLog } from '../log/index.ts';
import { type Supervised, startSupervised } from '../supervisor/index.ts';
import { type DataPlane, makeDataPlane } from './data-plane.ts';
import { type Foundation, lay } from './foundation.ts';
import { enforcementService, treeOf } from './tree.ts';

export interface DaemonDeps {
  readonly version: string;
  readonly stdout: Output;
  readonly stderr: Output;
}

const PROGRAM = fileURLToPath(new URL('../../', import.meta.url));
const NFT_ENGINE = 'netlink addon';

/** Runs the appliance until a signal stops it or it cannot go on. @returns the exit code */
export async function serve(options: ServeOptions, deps: DaemonDeps): Promise<number> {
  const { config: given, state } = options;
  const choice = { ...(given === undefined ? {} : { config: given }), ...(state === undefined ? {} : { state }) };
  const opened = await openConfig({ ...choice, cwd: process.cwd(), parsers: PARSER_NAMES });
  if (!opened.ok) return end(deps, 'config', opened.public);
  const { config } = opened.value.file.loaded;
  const log = createLog({ level: config.log.level });
  const foundation = await lay({ config, clock: systemClock, random: systemRandom, log });
  if (!foundation.ok) return end(deps, 'failed', foundation.public);
  const daemon = new Daemon(options, deps, opened.value, foundation.value, log, await programHash(PROGRAM));
  return daemon.run();
}

async function end({ stderr }: DaemonDeps, name: ExitName, text: string): Promise<number> {
  await stderr.write(`bartizan: ${text}\n`);
  return exitCode(name);
}

/** One run of the appliance. */
class Daemon {
  readonly #startedAt = systemClock.now();
  readonly #deps: DaemonDeps;
  readonly #opened: OpenConfig;
  readonly #foundation: Foundation;
  readonly #log: Log;
  readonly #plane: DataPlane;
  readonly #appliance: RunningAppliance;
  readonly #http: HttpService;
  #tree: Supervised | undefined;

  constructor(
    options: ServeOptions,
    deps: DaemonDeps,
    opened: OpenConfig,
    foundation: Foundation,
    log: Log,
    hash: string,
  ) {
    this.#deps = deps;
    this.#opened = opened;
    this.#foundation = foundation;
    this.#log = log;
    const bus = createBus<Topics>({ log });
    this.#plane = makeDataPlane({
      config: () => opened.file.loaded.config,
      mode: () => this.#appliance.mode,
      clock: systemClock,
      random: systemRandom,
      log,
      bus,
      foundation,
    });
    this.#appliance = new RunningAppliance(
      {
        ...this.#plane,
        clock: systemClock,
        version: deps.version,
        startedAt: this.#startedAt,
        programHash: hash,
        configFile: opened.file,
        bus,
        storeHealth: () => foundation.store.port.health(),
        components: () => this.#components(),
        claimed: () => foundation.identity.identity.claimed(),
        httpEngine: () => this.#http.engine,
        firewallEngine: NFT_ENGINE,
      },
      options.mode ?? modeOf(opened.file.loaded.config),
    );
    this.#http = this.#makeHttp();
  }
}
