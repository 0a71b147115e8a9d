import type { Appliance, ApplianceFacts } from '../../../core/api/appliance.ts';
import type { DecisionId, FindingId } from '../../../core/base/ids.ts';
import { type Ip, type ParsedIp, parseIp } from '../../../core/base/ip.ts';
import { coveredBy } from '../../../core/base/prefixes.ts';
import { fail, ok } from '../../../core/base/result.ts';
import { type Millis, millis } from '../../../core/base/time.ts';
import type { Finding, NumberedFinding } from '../../../core/detect/finding.ts';
import type { Serial } from '../../../core/field/serial.ts';
import type { Epochs } from '../../../core/incident/epoch.ts';
import type { FindingGroup } from '../../../core/incident/finding-group.ts';
import type { BlockNetworkRefusal, BlockRefusal, UnblockRefusal } from '../../../core/respond/block.ts';
import type { PendingBlock } from '../../../core/respond/block-queue.ts';
import type { Decision, NetworkDecision } from '../../../core/respond/decision.ts';
import { protectedNetworks } from '../../../core/respond/protected.ts';
import { NOTHING_TO_REVERSE, type Reversal } from '../../../core/respond/reversal.ts';
import { loaded } from '../../unit/core/config/surroundings.ts';

export const START: Millis = millis(Date.UTC(2026, 0, 1));

export function ip(text: string): Ip {
  const parsed = parseIp(text);
  if (!parsed.ok) throw new Error(parsed.public);
  return parsed.value.text;
}

export const FINDING: Finding = {
  id: '019b7000-0000-8000-8000-000000000001' as FindingId,
  at: START,
  check: 'ssh_bruteforce',
  severity: 'critical',
  subject: { kind: 'ip', value: '192.0.2.9' },
  message: '5 failed logins from 192.0.2.9 in 60 s',
  details: 'users: root, admin',
  firstAt: START,
  count: 5,
  first: { source: 'f', offset: 0 },
  last: { source: 'f', offset: 400 },
  provenance: 'file',
};

export const decision = (address: string, change: Partial<Decision> = {}): Decision => ({
  id: '019b7000-0000-7000-8000-000000000002' as DecisionId,
  kind: 'block',
  ip: ip(address),
  reason: 'ssh_bruteforce',
  origin: 'auto_response',
  findings: [FINDING.id],
  at: START,
  expiresAt: millis(START + 86_399_000),
  state: 'active',
  ...change,
});

export const networkDecision = (network: string, change: Partial<NetworkDecision> = {}): NetworkDecision => ({
  id: '019b7000-0000-8000-8000-000000000003' as DecisionId,
  kind: 'block_network',
  network,
  reason: `3 addresses of ${network} are blocked`,
  origin: 'auto_response',
  decisions: [],
  at: START,
  expiresAt: millis(START + 86_399_000),
  state: 'active',
  ...change,
});

export const FACTS: ApplianceFacts = {
  hostname: 'edge.example.net',
  version: '0.1.0',
  startedAt: START,
  now: millis(START + 5_400_000),
  mode: 'enforce',
  autoResponse: { enabled: true, dryRun: false, blockIps: true },
  firewall: {
    enforced: { ratio: 1, lowest: 0.5, desired: 20, held: 20 },
    repairs: { table: 1, rules: 0 },
    enabled: true,
    managed: true,
    engine: 'addon',
    table: 'bartizan',
    capacity: 500_000,
    infra: ['192.0.2.1'],
    denied: ['198.18.0.0/15'],
    countries: ['kp'],
    features: loaded('firewall: { restricted_tcp: [2087], default: drop, tcp_in: [22, 443] }\n').config.firewall,
  },
  http: { engine: 'node:https' },
  components: [
    { name: 'file:/var/log/auth.log', state: 'ok', since: START, counters: { lines: 12 } },
    { name: 'firewall', state: 'ok', since: START, counters: {} },
  ],
  checks: 1,
  historyCount: 3,
  severities: { critical: 1, high: 0, warning: 0 },
  dryRunBlocks: 0,
  queue: { pending: 0, givenUp: 0 },
  blockedNetworks: 0,
  store: { healthy: true, bytes: 3_145_728 },
  configHash: 'c'.repeat(64),
  binaryHash: 'b'.repeat(64),
  claimed: true,
  device: {
    serial: '4K7Q-M2XW-9TS' as Serial,
    keyFingerprint: 'SHA256:z/fSv0Z0RZS+Lccbc6ZoOWwt/fbj1VFJGSBKQbo4icE',
    publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs',
  },
};

/** An appliance that does what it is set to and writes down what it was asked. */
export class FakeAppliance implements Appliance {
  facts_: ApplianceFacts = FACTS;
  groups: readonly FindingGroup[] = [{ latest: FINDING, serial: 7, firstSeen: START, lastSeen: START, findings: 2 }];
  active: readonly Decision[] = [decision('192.0.2.9')];
  pending: readonly PendingBlock[] = [];
  networks: readonly NetworkDecision[] = [];
  blockRefusal: BlockRefusal | undefined;
  blockNetworkRefusal: BlockNetworkRefusal | undefined;
  unblockRefusal: UnblockRefusal | undefined;
  /** Whether there are checks that can be told anything. */
  judges = true;
  keepsFindings = true;
  readonly asked: unknown[] = [];
  /** By rising serial. */
  readonly kept: NumberedFinding[] = [];
  readonly #epochs: Epochs = [{ name: 'e0', after: 0 }];
  readonly #listeners = new Set<(finding: Finding, serial: number) => void>();

  facts() {
    return Promise.resolve(this.facts_);
  }
  activeFindings(most: number) {
    return Promise.resolve(this.groups.slice(0, most));
  }
  blocks() {
    return this.active;
  }
  blockCount() {
    return this.active.length;
  }
  blockOf(address: Ip) {
    return this.active.find((block) => block.ip === address);
  }
  block(request: Parameters<Appliance['block']>[0]) {
    this.asked.push(['block', request]);
    const { blockRefusal: refusal } = this;
    if (refusal !== undefined) return Promise.resolve(fail(refusal, `no: ${refusal}`));
    const made = decision(request.ip);
    return Promise.resolve(ok({ ...made, reversal: { ...NOTHING_TO_REVERSE, made: [made] } }));
  }
  unblock(request: Parameters<Appliance['unblock']>[0]) {
    this.asked.push(['unblock', request]);
    const { unblockRefusal: refusal } = this;
    if (refusal !== undefined) return Promise.resolve(fail(refusal, `no: ${refusal}`));
    const ended = decision(request.ip);
    return Promise.resolve(ok({ ...ended, reversal: this.#ended([ended]) }));
  }
  pendingBlocks() {
    return this.pending;
  }
  networkBlocks() {
    return this.networks;
  }
  /** The first there is, whatever it holds. */
  networkBlockOf() {
    return this.networks[0];
  }
  unblockNetwork(request: Parameters<Appliance['unblockNetwork']>[0]) {
    this.asked.push(['unblockNetwork', request]);
    const { unblockRefusal: refusal } = this;
    if (refusal !== undefined) return Promise.resolve(fail(refusal, `no: ${refusal}`));
    const ended = networkDecision(request.network);
    return Promise.resolve(ok({ ...ended, reversal: this.#ended([ended]) }));
  }
  unblockAll(ips: readonly Ip[], actor: string) {
    this.asked.push(['unblockAll', ips, actor]);
    const { unblockRefusal: refusal } = this;
    return Promise.resolve(
      refusal === undefined || refusal === 'not_blocked'
        ? ok({ count: ips.length, reversal: this.#ended(ips.map((one) => decision(one))) })
        : fail(refusal, `no: ${refusal}`),
    );
  }
  blockNetwork(request: Parameters<Appliance['blockNetwork']>[0]) {
    this.asked.push(['blockNetwork', request]);
    const { blockNetworkRefusal: refusal } = this;
    if (refusal !== undefined) return Promise.resolve(fail(refusal, `no: ${refusal}`));
    const made = networkDecision(request.network.text);
    return Promise.resolve(ok({ ...made, reversal: { ...NOTHING_TO_REVERSE, made: [made] } }));
  }
  unban(request: Parameters<Appliance['unban']>[0]) {
    this.asked.push(['unban', request]);
    const { unblockRefusal: refusal } = this;
    if (refusal !== undefined && refusal !== 'not_blocked') return Promise.resolve(fail(refusal, `no: ${refusal}`));
    const network = this.networks[0]?.network;
    const reversal = this.#ended(this.active.filter(({ ip: blocked }) => blocked === request.ip));
    return Promise.resolve(ok({ reversal, ...(network === undefined ? {} : { network }) }));
  }
  flush(by: Parameters<Appliance['flush']>[0]) {
    this.asked.push(['flush', by]);
    const { unblockRefusal: refusal } = this;
    if (refusal !== undefined && refusal !== 'not_blocked') return Promise.resolve(fail(refusal, `no: ${refusal}`));
    const { active, networks } = this;
    const reversal = { ...this.#ended([...active, ...networks]), isFlush: true as const };
    return Promise.resolve(ok({ addresses: active.length, networks: networks.length, reversal }));
  }
  forget(address: Ip): ReturnType<Appliance['forget']> {
    this.asked.push(['forget', address]);
    return Promise.resolve(this.judges ? ok(undefined) : fail('unavailable', 'no: nothing is judged'));
  }
  async guardOf(address: ParsedIp) {
    return coveredBy(address, protectedNetworks(['192.0.2.10'], this.facts_.firewall.infra));
  }
  networksAround() {
    return this.networks;
  }
  #ended(ended: Reversal['ended']): Reversal {
    return { ...NOTHING_TO_REVERSE, ended };
  }
  testAlert(actor: string): ReturnType<Appliance['testAlert']> {
    this.asked.push(['testAlert', actor]);
    return Promise.resolve(this.keepsFindings ? ok(undefined) : fail('unkept', 'no: disk'));
  }
  onFinding(listener: (finding: Finding, serial: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  setMode(mode: Parameters<Appliance['setMode']>[0]) {
    this.asked.push(['setMode', mode]);
    return Promise.resolve(ok({ mode }));
  }
  isEnforced() {
    return true;
  }

  get listeners(): number {
    return this.#listeners.size;
  }
  lastSerial() {
    return this.kept.at(-1)?.serial ?? 0;
  }
  epochs(): Epochs {
    return this.#epochs;
  }
  async findingsAfter(serial: number, limit: number): Promise<readonly NumberedFinding[]> {
    return this.kept.filter((row) => row.serial > serial).slice(0, limit);
  }
  emit(finding: Finding, serial: number): void {
    this.kept.push({ finding, serial });
    for (const listener of this.#listeners) listener(finding, serial);
  }
}
