import type { Appliance, ApplianceFacts } from '../../core/api/appliance.ts';
import type { Component } from '../../core/base/component.ts';
import type { Ip, ParsedIp } from '../../core/base/ip.ts';
import type { Clock } from '../../core/base/ports.ts';
import { coveredBy } from '../../core/base/prefixes.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';
import { Turns } from '../../core/base/turns.ts';
import { hostFeaturesOf } from '../../core/config/firewall-features.ts';
import { listSpecsOf } from '../../core/config/lists-setting.ts';
import { modeOf, withMode } from '../../core/config/mode.ts';
import type { Config } from '../../core/config/settings.ts';
import { CHECK_NAMES } from '../../core/detect/checks.ts';
import type { ShownDevice } from '../../core/field/device.ts';
import type { Decision, NetworkDecision } from '../../core/respond/decision.ts';
import { dropsAny, featuresOn } from '../../core/respond/host-features.ts';
import { MODES, type Mode } from '../../core/respond/mode.ts';
import type { BlockPlanner } from '../../core/respond/planner.ts';
import type { Bus } from '../bus/index.ts';
import type { Firewall, KernelFirewall } from '../firewall/index.ts';
import type { ConfigFile } from '../host-integration/config-file/index.ts';
import type { ActiveFindings, FindingEpochs, FindingRecorder, FindingRollups } from '../incidents/index.ts';
import type { Ledger, Responder } from '../responder/index.ts';
import type { StoreHealth } from '../store/index.ts';
import { testFinding } from './findings.ts';
import { modeReason } from './mode.ts';
import type { Topics } from './topics.ts';

export interface ApplianceParts {
  readonly clock: Clock;
  readonly version: string;
  readonly startedAt: Millis;
  readonly programHash: string;
  readonly configFile: ConfigFile;
  readonly active: ActiveFindings;
  readonly recorder: FindingRecorder;
  readonly epochs: FindingEpochs;
  readonly rollups: Pick<FindingRollups, 'state'>;
  readonly ledger: Ledger;
  readonly networkBlockOf: (ip: Ip) => NetworkDecision | undefined;
  readonly networksAround: (ip: ParsedIp) => readonly NetworkDecision[];
  readonly planner: Pick<BlockPlanner, 'queue' | 'pending'>;
  readonly responder: Responder;
  readonly firewall: Firewall & Pick<KernelFirewall, 'enforced' | 'repairs'>;
  readonly pipeline: { forget(ip: Ip): Promise<void> };
  readonly bus: Bus<Topics>;
  readonly storeHealth: () => StoreHealth;
  readonly components: () => readonly Component[];
  readonly claimed: () => boolean;
  readonly device: ShownDevice;
  readonly httpEngine: () => string;
  readonly firewallEngine: string;
}

/** The running appliance as the API sees it: a view of its parts, and the one place where the mode is held. */
export class RunningAppliance implements Appliance {
  readonly #parts: ApplianceParts;
  /** One change of the mode at a time, so that file, kernel and word end up the same. */
  readonly #turns = new Turns();
  #mode: Mode;

  constructor(parts: ApplianceParts, mode: Mode) {
    this.#parts = parts;
    this.#mode = mode;
  }

  get mode(): Mode {
    return this.#mode;
  }

  get #config(): Config {
    return this.#parts.configFile.inEffect;
  }

  async facts(): Promise<ApplianceFacts> {
    const { clock, version, startedAt, firewall, active, recorder, rollups, responder, planner, configFile } =
      this.#parts;
    const config = this.#config;
    const now = clock.now();
    const reason = modeReason(this.#mode, firewall);
    const store = this.#parts.storeHealth();
    const enforced = firewall.enforced();
    return {
      hostname: config.hostname,
      version,
      startedAt,
      now,
      mode: this.#mode,
      ...(reason === undefined ? {} : { modeReason: reason }),
      autoResponse: {
        enabled: config.auto_response.enabled,
        dryRun: dryRunOf(this.#mode, config.auto_response),
        blockIps: config.auto_response.block_ips,
      },
      firewall: {
        enabled: this.#mode !== 'observe',
        managed: firewall.state() === 'enforcing',
        engine: this.#parts.firewallEngine,
        table: config.firewall.table,
        capacity: config.firewall.max_blocks,
        infra: config.infra_ips,
        denied: config.firewall.denied_networks,
        countries: config.firewall.country_block,
        repairs: firewall.repairs(),
        ...(enforced === undefined ? {} : { enforced }),
        features: config.firewall,
      },
      http: { engine: this.#parts.httpEngine() },
      components: this.#parts.components(),
      checks: CHECK_NAMES.length,
      historyCount: recorder.count - rollups.state.suppressed,
      severities: active.severities(now),
      dryRunBlocks: responder.dryRuns,
      queue: { pending: planner.queue.size, givenUp: planner.queue.givenUp },
      blockedNetworks: this.#isBlocking ? this.#parts.ledger.networks.size : 0,
      store: { healthy: store.state !== 'memory', bytes: store.bytes },
      configHash: configFile.loaded.hash,
      binaryHash: this.#parts.programHash,
      claimed: this.#parts.claimed(),
      device: this.#parts.device,
    };
  }

  async activeFindings(most: number) {
    return this.#parts.active.list(this.#parts.clock.now(), most);
  }

  /** While observing nothing is blocked by us, save what an earlier run left in the kernel. */
  blocks() {
    return this.#isBlocking ? [...this.#parts.ledger.active()].sort((a, b) => b.at - a.at) : [];
  }

  blockCount() {
    return this.#isBlocking ? this.#parts.ledger.size : 0;
  }

  blockOf(ip: Parameters<Appliance['blockOf']>[0]) {
    return this.#isBlocking ? this.#parts.ledger.of(ip) : undefined;
  }

  pendingBlocks() {
    return this.#parts.planner.pending;
  }

  networkBlocks() {
    return this.#isBlocking ? [...this.#parts.ledger.networks.active()].sort((a, b) => b.at - a.at) : [];
  }

  networkBlockOf(ip: Parameters<Appliance['networkBlockOf']>[0]) {
    return this.#isBlocking ? this.#parts.networkBlockOf(ip) : undefined;
  }

  isEnforced({ id }: Pick<Decision, 'id'>) {
    return this.#parts.firewall.holds(id);
  }

  get #isBlocking(): boolean {
    return this.#mode !== 'observe' || this.#parts.firewall.state() !== 'off';
  }

  block(request: Parameters<Appliance['block']>[0]) {
    return this.#parts.responder.orders.block(request);
  }

  unblock(request: Parameters<Appliance['unblock']>[0]) {
    return this.#parts.responder.orders.unblock(request);
  }

  unblockNetwork(request: Parameters<Appliance['unblockNetwork']>[0]) {
    return this.#parts.responder.orders.unblockNetwork(request);
  }

  unblockAll(...request: Parameters<Appliance['unblockAll']>) {
    return this.#parts.responder.orders.unblockAll(...request);
  }

  blockNetwork(request: Parameters<Appliance['blockNetwork']>[0]) {
    return this.#parts.responder.orders.blockNetwork(request);
  }

  unban(request: Parameters<Appliance['unban']>[0]) {
    return this.#parts.responder.orders.unban(request);
  }

  flush(by: Parameters<Appliance['flush']>[0]) {
    return this.#parts.responder.orders.flush(by);
  }

  async forget(ip: Ip): Promise<Result<void, 'unavailable'>> {
    try {
      return ok(await this.#parts.pipeline.forget(ip));
    } catch (cause) {
      return fail('unavailable', `the checks could not be told: ${messageOf(cause)}`, cause);
    }
  }

  async guardOf(ip: ParsedIp) {
    const networks = await this.#parts.firewall.protectedNetworks();
    return networks.ok ? coveredBy(ip, networks.value) : undefined;
  }

  networksAround(ip: ParsedIp) {
    return this.#isBlocking ? this.#parts.networksAround(ip) : [];
  }

  async testAlert(actor: string) {
    const { clock, recorder } = this.#parts;
    const finding = testFinding(this.#config.hostname, actor, clock.now());
    const by = recorder.suppressionOf(finding);
    await recorder.record([finding]);
    const kept = await recorder.flushed();
    if (!kept.ok || by === undefined) return kept;
    return fail('suppressed', `it is on record, but suppression ${by} keeps it from being told to anybody`);
  }

  onFinding(listener: Parameters<Appliance['onFinding']>[0]) {
    return this.#parts.bus.subscribe('finding', ({ finding, serial }) => listener(finding, serial));
  }

  lastSerial() {
    return this.#parts.recorder.count;
  }

  epochs() {
    return this.#parts.epochs.list;
  }

  findingsAfter(serial: number, limit: number) {
    return this.#parts.recorder.after(serial, limit);
  }

  setMode(mode: Mode): ReturnType<Appliance['setMode']> {
    return this.#turns.run(() => this.#setMode(mode));
  }

  async #setMode(mode: Mode): ReturnType<Appliance['setMode']> {
    const { configFile } = this.#parts;
    if (configFile.held !== undefined) return fail('to_be_tried', configFile.held);
    const isLess = MODES.indexOf(mode) <= MODES.indexOf(this.#mode);
    const cuts = cutsBy(configFile.loaded.config);
    if (this.#mode === 'observe' && !isLess && cuts !== undefined) {
      return fail('to_be_tried', `${cuts}: set firewall.enabled in the settings, on trial`);
    }
    const problems = isLess ? await this.#apply(mode) : [];
    const written = await configFile.change(withMode(mode));
    if (!written.ok && !isLess) return fail('failed', written.public, written.cause);
    if (!written.ok)
      problems.push(`${mode} holds until the next start only, the config was not changed: ${written.public}`);
    if (!isLess) problems.push(...(await this.#apply(mode)));
    return ok(problems.length === 0 ? { mode } : { mode, warning: problems.join('; ') });
  }

  /**
   * Goes by the mode that settings express which were written, where they express another one than before: one that was
   * given for this run alone stands as long as nobody touches them.
   * @returns what the kernel did not follow in
   */
  follow(before: Config, after: Config): Promise<readonly string[]> {
    const wanted = modeOf(after);
    if (wanted === modeOf(before)) return Promise.resolve([]);
    return this.#turns.run(async () => (wanted === this.#mode ? [] : this.#apply(wanted)));
  }

  /** @returns what the kernel did not follow in */
  async #apply(mode: Mode): Promise<string[]> {
    const { firewall } = this.#parts;
    this.#mode = mode;
    await (mode === 'observe' ? firewall.disable() : firewall.enable());
    const reason = modeReason(mode, firewall);
    return reason === undefined ? [] : [reason];
  }
}

/** What of the settings would put somebody out of reach as soon as the firewall is on. */
function cutsBy(config: Config): string | undefined {
  const { firewall } = config;
  const list = listSpecsOf(config).find(({ kind, mode }) => kind === 'block' && mode === 'enforce');
  if (list !== undefined) return `the list ${list.name} drops what it names`;
  if (firewall.denied_networks.length > 0) return 'firewall.denied_networks names networks';
  const features = hostFeaturesOf(firewall);
  if (features === undefined || !dropsAny(features)) return undefined;
  return `firewall settings drop packets to this host (${featuresOn(features).join(', ')})`;
}

/**
 * Whether findings are only recorded though they could block: the setting, save where the mode of this run is another.
 * While observing the firewall is off, which is another matter.
 */
function dryRunOf(mode: Mode, { enabled, dry_run, block_ips }: Config['auto_response']): boolean {
  if (mode === 'enforce') return false;
  return dry_run || (mode === 'dry_run' && enabled && block_ips);
}
