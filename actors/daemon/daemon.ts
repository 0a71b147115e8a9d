import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Component } from '../../core/base/component.ts';
import type { Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { exitCode } from '../../core/cli/exit-codes.ts';
import { parseListen } from '../../core/config/formats.ts';
import type { Config } from '../../core/config/settings.ts';
import type { Mode } from '../../core/respond/mode.ts';
import {
  damageFinding,
  modeReason,
  processAge,
  RunningAppliance,
  stopSignal,
  type Topics,
} from '../appliance/index.ts';
import { Bus } from '../bus/index.ts';
import type { Output } from '../cli/index.ts';
import { systemClock, systemRandom } from '../clock/index.ts';
import type { OpenConfig } from '../host-integration/config-file/index.ts';
import { chooseEngine, type HttpService, httpService } from '../http/index.ts';
import { hostAddresses } from '../identity/index.ts';
import { type Supervised, startSupervised } from '../supervisor/index.ts';
import { banner } from './banner.ts';
import { type DataPlane, makeDataPlane } from './data-plane.ts';
import { type Foundation, TLS_FOLDER } from './foundation.ts';
import { enforcementService, treeOf } from './tree.ts';

export interface DaemonParts {
  readonly version: string;
  readonly mode: Mode;
  /** Of the program's files. */
  readonly hash: string;
  readonly log: Log;
  readonly opened: OpenConfig;
  readonly foundation: Foundation;
}

const CONSOLE = fileURLToPath(new URL('../../core/console/public', import.meta.url));
const NFT_ENGINE = 'netlink addon';

/** One run of the appliance: makes the parts, starts them under supervision, stops them when a signal says so. */
export class Daemon {
  readonly #parts: DaemonParts;
  readonly #plane: DataPlane;
  readonly #appliance: RunningAppliance;
  readonly #http: HttpService;
  #tree: Supervised | undefined;

  constructor(parts: DaemonParts) {
    const { log, opened, foundation, mode, version, hash } = parts;
    const bus = new Bus<Topics>((topic, thrown) =>
      log('error', 'subscriber failed', { topic, error: messageOf(thrown) }),
    );
    this.#parts = parts;
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
        version,
        startedAt: systemClock.now(),
        programHash: hash,
        configFile: opened.file,
        bus,
        storeHealth: () => foundation.store.port.health(),
        components: () => this.#components(),
        claimed: () => foundation.identity.identity.claimed(),
        httpEngine: () => this.#http.engine,
        firewallEngine: NFT_ENGINE,
      },
      mode,
    );
    this.#http = this.#makeHttp();
  }

  /** @returns the exit code */
  async run({ stdout }: { readonly stdout: Output }): Promise<number> {
    const { log, foundation } = this.#parts;
    const asked = stopSignal();
    const enforcement = enforcementService(this.#plane, () => this.#appliance.mode !== 'observe');
    const tree = treeOf(foundation, this.#plane, this.#http, enforcement);
    const abort = new AbortController();
    const stopped = asked.then((signal) => {
      log('info', 'stopping', { signal });
      abort.abort();
      return undefined;
    });
    try {
      this.#tree = await startSupervised(tree, { clock: systemClock, log, signal: abort.signal });
    } catch (thrown) {
      await foundation.nft.close();
      if (abort.signal.aborted) return exitCode('ok');
      log('error', 'start failed', { error: messageOf(thrown) });
      return exitCode('restart');
    }
    this.#tellDamage();
    await stdout.write(this.#banner());
    const fatal = Promise.withResolvers<string>();
    this.#tree.onFatal(fatal.resolve);
    const cause = await Promise.race([stopped, fatal.promise]);
    return this.#end(cause);
  }

  /** What the store found damaged at its opening, and what it loses from now on, is shown where attacks are shown. */
  #tellDamage(): void {
    const { log, foundation, opened } = this.#parts;
    const { hostname } = opened.file.loaded.config;
    foundation.damage.open(({ message }) => {
      const finding = damageFinding(hostname, message, systemClock.now());
      this.#plane.recorder.record([finding]).catch((cause: unknown) => {
        log('error', 'damage could not be recorded', { message, error: messageOf(cause) });
      });
    });
  }

  /** @param cause what made the root give up, undefined for a stop that was asked for */
  async #end(cause: string | undefined): Promise<number> {
    const { log, opened, foundation } = this.#parts;
    if (cause === undefined) {
      if (opened.file.loaded.config.firewall.on_stop === 'remove') await this.#plane.firewall.disable();
      await this.#tree?.stop();
    }
    await this.#plane.firewall.close();
    await foundation.nft.close();
    if (cause === undefined) return exitCode('ok');
    log('error', 'giving up; to be started again', { cause });
    return exitCode('restart');
  }

  #makeHttp(): HttpService {
    const { foundation, opened, log } = this.#parts;
    const { config } = opened.file.loaded;
    const listen = parseListen(config.webui.listen);
    if (!listen.ok) throw new Error(listen.public);
    const { tls, identity } = foundation.identity;
    return httpService({
      clock: systemClock,
      random: systemRandom,
      log,
      appliance: this.#appliance,
      identity,
      audit: foundation.audit.sink,
      listen: listen.value,
      names: [config.hostname, 'localhost', ...listenNames(listen.value.host)],
      tls: async () => tls,
      socketPath: join(opened.stateDir, 'control.sock'),
      consoleFolder: CONSOLE,
      chosen: chooseEngine(config.webui.engine, { clock: systemClock, random: systemRandom, log }),
    });
  }

  #components(): readonly Component[] {
    const { firewall, pipeline, sources } = this.#plane;
    const own = [firewall.component(), pipeline.component(), this.#http.component(), this.#storeComponent()];
    const supervised = (this.#tree?.components() ?? []).filter(({ state }) => state !== 'ok');
    // What the supervisor says of a part that is not well stands above what the part says of itself.
    const worse = new Set(supervised.map(({ name }) => name));
    return [...own.filter(({ name }) => !worse.has(name)), ...sources(), ...supervised];
  }

  #storeComponent(): Component {
    const { state, message, bytes } = this.#parts.foundation.store.port.health();
    return {
      name: 'store',
      state: state === 'ok' ? 'ok' : 'degraded',
      ...(message === undefined ? {} : { message }),
      since: systemClock.now(),
      counters: { bytes },
    };
  }

  #banner(): string {
    const { version, opened, foundation } = this.#parts;
    const config: Config = opened.file.loaded.config;
    const reason = modeReason(this.#appliance.mode, this.#plane.firewall);
    const { claimCode, tls } = foundation.identity;
    return banner({
      version,
      listen: config.webui.listen,
      port: this.#http.port,
      httpTrouble: this.#tree?.components().find(({ name }) => name === 'http')?.message,
      fingerprint: tls.fingerprint,
      caFile: join(opened.stateDir, TLS_FOLDER, 'ca.crt'),
      mode: this.#appliance.mode,
      modeReason: reason,
      httpEngine: this.#http.engine,
      httpEngineReason: this.#http.engineReason,
      firewallEngine: NFT_ENGINE,
      configFile: opened.file.path,
      configCreated: opened.created,
      sources: config.watchers.files.map(({ path, parser }) => `${path} (${parser})`),
      notes: opened.notes,
      claimCode,
      startMs: processAge(),
    });
  }
}

/** Under which addresses browsers reach a listener; a wildcard is reached under every one this host has at start. */
const listenNames = (host: string): readonly string[] => {
  const isWildcard = host === '0.0.0.0' || host === '::';
  return ['127.0.0.1', '::1', ...(isWildcard ? hostAddresses() : [host])];
};
