import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Desks } from '../../core/api/deps.ts';
import { HttpMeter } from '../../core/api/metrics/http-meter.ts';
import type { Previews } from '../../core/api/previews.ts';
import type { Component } from '../../core/base/component.ts';
import { parseCidr } from '../../core/base/ip.ts';
import type { Log } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { exitCode } from '../../core/cli/exit-codes.ts';
import { sameValue } from '../../core/config/change.ts';
import { parseListen } from '../../core/config/formats.ts';
import type { Config } from '../../core/config/settings.ts';
import { sourceTexts } from '../../core/config/source-texts.ts';
import type { StatusPageFacts } from '../../core/field/status-page.ts';
import type { Mode } from '../../core/respond/mode.ts';
import {
  CounterSampler,
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
import type { ApiTarget, ChangeService } from '../change/index.ts';
import type { Output } from '../cli/index.ts';
import { systemClock, systemRandom } from '../clock/index.ts';
import type { OrdersDesk } from '../controller-link/index.ts';
import { closeForProvisioning, type Machine, type StatusConsole, statusConsole } from '../field/index.ts';
import type { FirewallContent } from '../firewall/index.ts';
import { type ApplianceHost, applianceHost, isAppliance } from '../host/index.ts';
import type { OpenConfig } from '../host-integration/config-file/index.ts';
import { type ServiceManagerLink, serviceManagerLink } from '../host-integration/service-manager/index.ts';
import { chooseEngine, type HttpService, httpServices } from '../http/index.ts';
import { hostNetworks, TLS_FOLDER } from '../identity/index.ts';
import { LogTail } from '../log/index.ts';
import { eventPages } from '../segments/index.ts';
import { type Follow, RunningSettings } from '../settings/index.ts';
import { type Service, type Supervised, startSupervised } from '../supervisor/index.ts';
import { banner } from './banner.ts';
import { ControllerDoor } from './controller-link.ts';
import { tellDamage } from './damage.ts';
import { type DataPlane, makeDataPlane } from './data-plane.ts';
import type { Foundation } from './foundation.ts';
import { makeImages } from './images.ts';
import { listenNames } from './listen-names.ts';
import { deskOf } from './orders-wiring.ts';
import { deviceComponent, statusPageFacts } from './status-page.ts';
import { StoreComponent } from './store-component.ts';
import { CRITICAL, enforcementService, treeOf } from './tree.ts';
import { makeTrials } from './trials.ts';

/** How a run ends. */
interface Ending {
  readonly code: 'ok' | 'restart';
  /** What made the root give up. */
  readonly cause?: string;
}

const STOP: Ending = { code: 'ok' };
const RESTART: Ending = { code: 'restart' };

export interface DaemonParts {
  readonly version: string;
  readonly mode: Mode;
  /** Of the program's files. */
  readonly hash: string;
  readonly log: Log;
  readonly opened: OpenConfig;
  readonly foundation: Foundation;
  readonly machine: Machine;
  /** What the kernel's rules are made of until a change that is on trial is confirmed. */
  readonly confirmed: FirewallContent;
}

const CONSOLE = fileURLToPath(new URL('../../core/console/public', import.meta.url));

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
  readonly #counters: CounterSampler;
  readonly #store: StoreComponent;
  readonly #console: StatusConsole;
  readonly #manager: ServiceManagerLink;
  readonly #settings: RunningSettings;
  readonly #changes: ChangeService;
  readonly #previews: Previews;
  /** Absent where this machine is no appliance. */
  readonly #host: ApplianceHost | undefined;
  readonly #images: ReturnType<typeof makeImages>;
  readonly #controller: ControllerDoor;
  readonly #tail = new LogTail(systemClock);
  readonly #startedAt = systemClock.now();
  readonly #restart = Promise.withResolvers<void>();
  #tree: Supervised | undefined;

  constructor(given: DaemonParts) {
    const parts = { ...given, log: this.#tail.beside(given.log) };
    const { log, opened, foundation, confirmed } = parts;
    const bus = new Bus<Topics>((topic, thrown) =>
      log('error', 'subscriber failed', { topic, error: messageOf(thrown) }),
    );
    this.#parts = parts;
    this.#manager = serviceManagerLink({ clock: systemClock, log, critical: () => this.#critical() });
    this.#plane = makeDataPlane({
      config: () => opened.file.inEffect,
      confirmed,
      stateDirectory: opened.stateDir,
      configPath: opened.file.path,
      mode: () => this.#appliance.mode,
      clock: systemClock,
      random: systemRandom,
      log,
      bus,
      foundation,
    });
    this.#appliance = this.#makeAppliance(bus);
    this.#host = hostOf(parts);
    this.#blobs = blobsOf(parts);
    this.#images = makeImages({ opened, foundation, plane: this.#plane, log, components: () => this.#components() });
    this.#meter = this.#makeMeter(bus);
    this.#counters = new CounterSampler({ read: () => this.#plane.firewall.counters(), clock: systemClock });
    ({ changes: this.#changes, previews: this.#previews } = makeTrials({
      opened,
      foundation,
      plane: this.#plane,
      bus,
      log,
      follow: this.#follow,
      host: this.#host,
      api: () => this.#apiTarget(),
      restart: () => this.#restart.resolve(),
    }));
    this.#controller = this.#makeController(bus);
    this.#settings = new RunningSettings({
      file: opened.file,
      changes: this.#changes,
      follow: this.#follow,
      isAppliance: this.#host !== undefined,
      clock: systemClock,
      restart: () => this.#restart.resolve(),
    });
    ({ https: this.#http, local: this.#controlSocket } = this.#makeHttp());
    this.#store = new StoreComponent(
      () => foundation.store.port.health(),
      () => systemClock.now(),
    );
    this.#console = statusConsole({ clock: systemClock, log, facts: () => this.#pageFacts() });
  }

  #makeAppliance(bus: Bus<Topics>): RunningAppliance {
    const { opened, foundation, mode, version, hash } = this.#parts;
    return new RunningAppliance(
      {
        ...this.#plane,
        clock: systemClock,
        version,
        startedAt: this.#startedAt,
        programHash: hash,
        configFile: opened.file,
        bus,
        storeHealth: () => foundation.store.port.health(),
        components: () => this.#components(),
        claimed: () => foundation.identity.identity.claimed(),
        device: foundation.device.ok ? foundation.device.value : { trouble: foundation.device.public },
        httpEngine: () => this.#http.engine,
        firewallEngine: foundation.kernel.engine,
      },
      mode,
    );
  }

  #makeController(bus: Bus<Topics>): ControllerDoor {
    return new ControllerDoor({
      ...this.#parts,
      ...{ plane: this.#plane, bus },
      facts: () => this.#appliance.facts(),
      images: () => this.#images.updater,
      pending: () => this.#changes.pending(),
      desk: () => this.#ordersDesk(),
      restarting: this.#restart.promise,
    });
  }

  #ordersDesk(): OrdersDesk {
    return deskOf({
      ...this.#parts,
      plane: this.#plane,
      appliance: this.#appliance,
      changes: this.#changes,
      settings: this.#settings,
      logSince: (from) => this.#tail.since(from),
      restart: () => this.#restart.resolve(),
    });
  }

  #makeMeter(bus: Bus<Topics>): RunningMeter {
    const { allows, firewall, allLists: lists } = this.#plane;
    return new RunningMeter({
      appliance: this.#appliance,
      allows,
      lists,
      bus,
      http: this.#httpMeter,
      dropped: () => firewall.dropped(),
      features: () => firewall.featureCounts(),
      canary: () => this.#plane.canaries.outcome(),
      process: processFacts,
    });
  }

  #critical(): readonly Component[] {
    return this.#tree?.components().filter(({ name }) => name === CRITICAL) ?? [];
  }

  /** @returns the exit code */
  async run({ stdout }: { readonly stdout: Output }): Promise<number> {
    const { log, foundation } = this.#parts;
    const asked = stopSignal();
    const enforcement = enforcementService(this.#plane, () => this.#appliance.mode !== 'observe');
    const critical = [enforcement, this.#changes];
    const tree = treeOf(
      foundation,
      this.#plane,
      [
        this.#plane.lists,
        this.#counters,
        this.#blobs,
        this.#controlSocket,
        this.#http,
        ...optional(this.#host),
        this.#console,
        ...this.#imageServices(),
        this.#controller,
      ],
      critical,
    );
    const abort = new AbortController();
    const stopped = asked.then((signal) => {
      log('info', 'stopping', { signal });
      this.#manager.stopping();
      abort.abort();
      return STOP;
    });
    const again = this.#restart.promise.then(() => {
      log('info', 'stopping, to be started anew as was asked for');
      return RESTART;
    });
    try {
      this.#tree = await startSupervised(tree, { clock: systemClock, log, signal: abort.signal });
    } catch (thrown) {
      await foundation.kernel.nft.close();
      if (abort.signal.aborted) return exitCode('ok');
      log('error', 'start failed', { error: messageOf(thrown) });
      return exitCode('restart');
    }
    await this.#changes.startSucceeded();
    tellDamage(this.#parts, this.#plane);
    await this.#closeForProvisioning();
    await stdout.write(this.#banner());
    this.#manager.ready(`${this.#appliance.mode}, ${this.#plane.sources().length} sources`);
    const fatal = Promise.withResolvers<Ending>();
    this.#tree.onFatal((cause) => fatal.resolve({ code: 'restart', cause }));
    return this.#end(await Promise.race([stopped, again, fatal.promise]));
  }

  /** What somebody administers takes no config from a volume any more. */
  async #closeForProvisioning(): Promise<void> {
    const { foundation, opened, log } = this.#parts;
    if (!foundation.identity.identity.claimed()) return;
    await closeForProvisioning(opened.stateDir, systemClock).catch((cause: unknown) => {
      log('warn', 'a volume may be looked for at the next boot again', { error: messageOf(cause) });
    });
  }

  async #end({ code, cause }: Ending): Promise<number> {
    const { log, opened, foundation } = this.#parts;
    // However it ends: who goes on giving signs of life is never taken for ended.
    this.#manager.stopping();
    // Between two runs the kernel goes on dropping.
    const isOver = code === 'ok' && opened.file.inEffect.firewall.on_stop === 'remove';
    if (isOver) await this.#plane.firewall.disable();
    if (cause === undefined) await this.#tree?.stop();
    await this.#plane.firewall.close();
    await foundation.kernel.nft.close();
    if (cause !== undefined) log('error', 'giving up; to be started again', { cause });
    return exitCode(code);
  }

  /** What is remembered of updates first: it says what the health is to be compared with. */
  #imageServices(): readonly Service[] {
    return [this.#images.updater, this.#images.health, this.#images.disk];
  }

  /** Makes the running parts go by live settings that were written. */
  readonly #follow: Follow = async (before, after) => {
    const unfollowed = await this.#appliance.follow(before, after);
    await this.#plane.lists.follow();
    const led = sameValue(before.controller, after.controller) ? undefined : await this.#controller.follow();
    const moved = sameValue(before.host, after.host) ? undefined : await this.#host?.follow(after.host);
    return [
      ...unfollowed.map((message) => ({ field: 'firewall.enabled', message })),
      ...(moved?.ok === false ? [{ field: 'host', message: moved.public }] : []),
      ...(led?.ok === false ? [{ field: 'controller', message: led.public }] : []),
    ];
  };

  /** Where the API is to be found, by who looks from outside. */
  #apiTarget(): Result<ApiTarget, 'failed'> {
    const { foundation, opened } = this.#parts;
    const listen = parseListen(opened.file.inEffect.webui.listen);
    const { port } = this.#http;
    if (!listen.ok || port === undefined) return fail('failed', 'the API does not listen');
    return ok({ host: listen.value.host, port, fingerprint: foundation.identity.certificates.tls.fingerprint });
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
    this.#changes.onChange(({ state }) => {
      // Whether a client came in under the new state is told by when its connection was opened.
      if (state === 'probing' || state === 'awaiting') http.https.mark();
    });
    return http;
  }

  #desks(): Desks {
    const { history, segments, dispositions, allows, allLists: lists, firewallLog, undo } = this.#plane;
    return {
      appliance: this.#appliance,
      meter: this.#meter,
      history,
      eventSearch: eventPages(segments),
      dispositions,
      allows,
      lists,
      firewallTrail: firewallLog,
      firewallCounters: this.#counters,
      stats: statsOf({ ...this.#plane, clock: systemClock }),
      auditTrail: this.#parts.foundation.audit,
      settings: this.#settings,
      changes: this.#changes,
      previews: this.#previews,
      undo,
      images: this.#images.updater,
      controllerLink: this.#controller,
    };
  }

  #components(): readonly Component[] {
    const { firewall, canaries, lists, pipeline, segments, sources } = this.#plane;
    const { certificates } = this.#parts.foundation.identity;
    const edge = [this.#http.component(), certificates.component()];
    const events = [lists.component(), pipeline.storage(), segments.component()].flatMap((one) => one ?? []);
    const kept = [...events, this.#store.component(), this.#blobs.component(), ...this.#deviceComponents()];
    const kernel = { ...firewall.component(), detail: `through the ${this.#parts.foundation.kernel.engine}` };
    const guard = [
      kernel,
      canaries.component(),
      ...optional(this.#host?.component()),
      ...optional(this.#images.updater.component()),
      ...optional(this.#images.disk.component()),
      ...optional(this.#controller.component()),
    ];
    const own = [...guard, this.#changes.component(), pipeline.component(), ...edge, ...kept];
    const supervised = (this.#tree?.components() ?? []).filter(({ state }) => state !== 'ok');
    // What the supervisor says of a part that is not well stands above what the part says of itself.
    const worse = new Set(supervised.map(({ name }) => name));
    return [...own.filter(({ name }) => !worse.has(name)), ...sources(), ...supervised];
  }

  #deviceComponents(): readonly Component[] {
    const page = this.#console.component();
    return [deviceComponent(this.#parts.foundation.device, this.#startedAt), ...(page === undefined ? [] : [page])];
  }

  #pageFacts(): StatusPageFacts {
    const { version, machine, opened, foundation } = this.#parts;
    const { hostname, webui } = opened.file.inEffect;
    return statusPageFacts({
      version,
      hostname,
      machine,
      device: foundation.device,
      identity: foundation.identity,
      listen: webui.listen,
      port: this.#http.port,
      mode: this.#appliance.mode,
      modeReason: modeReason(this.#appliance.mode, this.#plane.firewall),
      pending: this.#changes.pending(),
      components: this.#components(),
    });
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
      firewallEngine: foundation.kernel.engine,
      configFile: opened.file.path,
      configCreated: opened.created,
      sources: sourceTexts(config.watchers),
      notes: [...opened.notes, ...(trouble === undefined ? [] : [trouble])],
      claimCode,
      startMs: processAge(),
      serial: foundation.device.ok ? foundation.device.value.serial : undefined,
    });
  }
}

const hostOf = ({ opened, log }: DaemonParts): ApplianceHost | undefined =>
  isAppliance()
    ? applianceHost(opened.stateDir, { settings: () => opened.file.loaded.config.host, clock: systemClock, log })
    : undefined;

const optional = <T>(one: T | undefined): readonly T[] => (one === undefined ? [] : [one]);

const blobsOf = ({ opened, foundation, log }: DaemonParts): BlobStore =>
  blobStore({
    stateDirectory: opened.stateDir,
    records: foundation.store.records,
    clock: systemClock,
    random: systemRandom,
    log,
    quota: opened.file.loaded.config.blobs.quota_mib * 1024 * 1024,
  });
