import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Desks } from '../../core/api/deps.ts';
import { HttpMeter } from '../../core/api/metrics/http-meter.ts';
import type { Component } from '../../core/base/component.ts';
import { parseCidr } from '../../core/base/ip.ts';
import type { Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { exitCode } from '../../core/cli/exit-codes.ts';
import { parseListen } from '../../core/config/formats.ts';
import type { Config } from '../../core/config/settings.ts';
import { sourceTexts } from '../../core/config/source-texts.ts';
import type { Mode } from '../../core/respond/mode.ts';
import {
  damageFinding,
  modeReason,
  processAge,
  processFacts,
  RunningAppliance,
  RunningMeter,
  statsOf,
  stopSignal,
  type Topics,
} from '../appliance/index.ts';
import { type BlobStore, blobStore } from '../blobs/index.ts';
import { Bus } from '../bus/index.ts';
import type { Output } from '../cli/index.ts';
import { systemClock, systemRandom } from '../clock/index.ts';
import type { OpenConfig } from '../host-integration/config-file/index.ts';
import { chooseEngine, type HttpService, httpServices } from '../http/index.ts';
import { hostAddresses, hostNetworks } from '../identity/index.ts';
import { type Service, type Supervised, startSupervised } from '../supervisor/index.ts';
import { banner } from './banner.ts';
import { type DataPlane, makeDataPlane } from './data-plane.ts';
import { type Foundation, TLS_FOLDER } from './foundation.ts';
import { NO_CHANGES } from './no-changes.ts';
import { NO_PREVIEWS } from './no-previews.ts';
import { StoreComponent } from './store-component.ts';
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
  readonly #blobs: BlobStore;
  readonly #httpMeter = new HttpMeter();
  readonly #meter: RunningMeter;
  readonly #http: HttpService;
  readonly #controlSocket: Service;
  readonly #store: StoreComponent;
  #tree: Supervised | undefined;

  constructor(parts: DaemonParts) {
    const { log, opened, foundation, mode, version, hash } = parts;
    const bus = new Bus<Topics>((topic, thrown) =>
      log('error', 'subscriber failed', { topic, error: messageOf(thrown) }),
    );
    this.#parts = parts;
    this.#plane = makeDataPlane({
      config: () => opened.file.loaded.config,
      stateDirectory: opened.stateDir,
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
    this.#blobs = blobStore({
      stateDirectory: opened.stateDir,
      records: foundation.store.records,
      clock: systemClock,
      random: systemRandom,
      log,
      quota: opened.file.loaded.config.blobs.quota_mib * 1024 * 1024,
    });
    this.#meter = new RunningMeter({
      appliance: this.#appliance,
      allows: this.#plane.allows,
      bus,
      http: this.#httpMeter,
      dropped: () => this.#plane.firewall.dropped(),
      process: processFacts,
    });
    ({ https: this.#http, local: this.#controlSocket } = this.#makeHttp());
    this.#store = new StoreComponent(
      () => foundation.store.port.health(),
      () => systemClock.now(),
    );
  }

  /** @returns the exit code */
  async run({ stdout }: { readonly stdout: Output }): Promise<number> {
    const { log, foundation } = this.#parts;
    const asked = stopSignal();
    const enforcement = enforcementService(this.#plane, () => this.#appliance.mode !== 'observe');
    const tree = treeOf(foundation, this.#plane, [this.#blobs, this.#controlSocket, this.#http], enforcement);
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

  #makeHttp(): ReturnType<typeof httpServices> {
    const { foundation, opened, log } = this.#parts;
    const { config } = opened.file.loaded;
    const listen = parseListen(config.webui.listen);
    if (!listen.ok) throw new Error(listen.public);
    const { certificates, identity } = foundation.identity;
    const http = httpServices({
      clock: systemClock,
      random: systemRandom,
      log,
      desks: this.#desks(),
      meter: this.#httpMeter,
      identity,
      blobs: this.#blobs,
      audit: foundation.audit.sink,
      listen: listen.value,
      names: () => [config.hostname, 'localhost', ...config.webui.tls_names, ...listenNames(listen.value.host)],
      ownNetworks: hostNetworks,
      access: config.webui.access_log ? (access) => log('info', 'request', { ...access }) : undefined,
      trustedProxies: config.webui.trusted_proxies.flatMap((text) => {
        const net = parseCidr(text);
        return net.ok ? [net.value] : [];
      }),
      tls: async () => certificates.tls,
      socketPath: join(opened.stateDir, 'control.sock'),
      consoleFolder: CONSOLE,
      chosen: chooseEngine(config.webui.engine, { clock: systemClock, random: systemRandom, log }),
    });
    certificates.onChange((tls) => {
      const reloaded = http.https.reload(tls);
      if (!reloaded.ok && reloaded.code !== 'stopped') {
        log('error', 'new certificate is not in service', { reason: reloaded.public });
      }
    });
    return http;
  }

  #desks(): Desks {
    const { history, dispositions, allows, firewallLog } = this.#plane;
    return {
      appliance: this.#appliance,
      meter: this.#meter,
      history,
      dispositions,
      allows,
      firewallTrail: firewallLog,
      stats: statsOf({ ...this.#plane, clock: systemClock }),
      auditTrail: this.#parts.foundation.audit,
      changes: NO_CHANGES,
      previews: NO_PREVIEWS,
    };
  }

  #components(): readonly Component[] {
    const { firewall, pipeline, segments, sources } = this.#plane;
    const { certificates } = this.#parts.foundation.identity;
    const edge = [this.#http.component(), certificates.component()];
    const events = [pipeline.storage(), segments.component()].flatMap((one) => one ?? []);
    const kept = [...events, this.#store.component(), this.#blobs.component()];
    const own = [firewall.component(), pipeline.component(), ...edge, ...kept];
    const supervised = (this.#tree?.components() ?? []).filter(({ state }) => state !== 'ok');
    // What the supervisor says of a part that is not well stands above what the part says of itself.
    const worse = new Set(supervised.map(({ name }) => name));
    return [...own.filter(({ name }) => !worse.has(name)), ...sources(), ...supervised];
  }

  #banner(): string {
    const { version, opened, foundation } = this.#parts;
    const config: Config = opened.file.loaded.config;
    const reason = modeReason(this.#appliance.mode, this.#plane.firewall);
    const { claimCode, certificates } = foundation.identity;
    const { fingerprint, source } = certificates.tls;
    const ownCa = join(opened.stateDir, TLS_FOLDER, 'ca.crt');
    const trouble = certificates.component().message;
    return banner({
      version,
      listen: config.webui.listen,
      port: this.#http.port,
      httpTrouble: this.#tree?.components().find(({ name }) => name === 'http')?.message,
      fingerprint,
      certificateFrom: source === 'own' ? `its authority: ${ownCa}` : `from ${config.webui.tls_cert}`,
      mode: this.#appliance.mode,
      modeReason: reason,
      httpEngine: this.#http.engine,
      httpEngineReason: this.#http.engineReason,
      firewallEngine: NFT_ENGINE,
      configFile: opened.file.path,
      configCreated: opened.created,
      sources: sourceTexts(config.watchers),
      notes: [...opened.notes, ...(trouble === undefined ? [] : [trouble])],
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
