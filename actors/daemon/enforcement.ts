import { join } from 'node:path';
import { contains, type Ip, type ParsedIp, parseCidr } from '../../core/base/ip.ts';
import { ok, type Result } from '../../core/base/result.ts';
import { plannerSettingsOf } from '../../core/config/block-settings.ts';
import { durationOf } from '../../core/config/formats.ts';
import type { Config } from '../../core/config/settings.ts';
import { eventOfDecision, type FirewallEvent } from '../../core/respond/firewall-event.ts';
import { BlockPlanner } from '../../core/respond/planner.ts';
import { createFirewall, type FirewallContent, plainFolder } from '../firewall/index.ts';
import { readTcpSessions } from '../preview/index.ts';
import {
  AllowBook,
  AllowList,
  allowRecords,
  BlockTally,
  decisionRecords,
  desiredBlocks,
  FirewallLog,
  Ledger,
  networkBlockOf,
  Responder,
} from '../responder/index.ts';
import type { DataPlaneDeps } from './data-plane.ts';

export type Enforcement = ReturnType<typeof makeEnforcement>;

/** In the state directory: what a boot restores before this program runs. */
const PLAIN_FILES = 'firewall';

/** Addresses with established connections to this host. */
export async function connectedHere(): Promise<Result<readonly Ip[], 'failed'>> {
  const sessions = await readTcpSessions();
  return sessions.ok ? ok(sessions.value.map(({ remote }) => remote)) : sessions;
}

/** Whether the config's own lists drop packets from there. */
function isDenied({ infra_ips, firewall }: Config, ip: ParsedIp): boolean {
  const among = (networks: readonly string[]): boolean =>
    networks.some((text) => {
      const net = parseCidr(text);
      return net.ok && contains(net.value, ip);
    });
  return among(firewall.denied_networks) && !among(infra_ips);
}

const kernelSettings = ({ table, netns, max_blocks }: Config['firewall'], content: FirewallContent) => ({
  table,
  ...(netns === undefined ? {} : { netns }),
  maxBlocks: max_blocks,
  content,
});

/** The books of decisions and allows, who keeps them, and the kernel that follows them. */
export function makeEnforcement(deps: DataPlaneDeps) {
  const { config, stateDirectory, mode, clock, random, log, bus, foundation } = deps;
  const { records } = foundation.store;
  const ledger = new Ledger(decisionRecords(records));
  const allowed = new AllowBook();
  const blocks = new BlockTally();
  const firewallLog = new FirewallLog({ records, log });
  const { firewall: settings, auto_response: automation } = config();
  const planner = new BlockPlanner(plannerSettingsOf(automation));
  const desired = desiredBlocks(ledger, allowed, () => responder);
  const firewall = createFirewall({
    nft: foundation.nft,
    clock,
    log,
    desired,
    settings: kernelSettings(settings, deps.confirmed),
    folder: plainFolder(join(stateDirectory, PLAIN_FILES)),
  });
  const note = (event: FirewallEvent | undefined) => event && firewallLog.note(event);
  const responder: Responder = new Responder({
    ledger,
    planner,
    allowed,
    firewall,
    clock,
    random,
    log,
    mode,
    expiry: () => durationOf(config().auto_response.block_expiry),
    publish: (decision, outcome) => {
      note(eventOfDecision(decision, outcome));
      if (outcome?.result === 'enforced') blocks.add(decision, clock.now());
      bus.publish('decision', outcome === undefined ? { decision } : { decision, outcome });
    },
  });
  const allows = new AllowList({
    book: allowed,
    records: allowRecords(records),
    firewall,
    liftAllowed: (by) => responder.liftAllowed(by),
    denies: (ip) => mode() !== 'observe' && isDenied(config(), ip),
    connected: connectedHere,
    clock,
    log,
    publish: note,
  });
  /** Before the kernel is brought in line. */
  const loadBooks = async () => {
    await ledger.load();
    await responder.load();
    await allows.load();
    await blocks.load(records, clock.now());
  };
  return {
    ledger,
    planner,
    firewall,
    desired,
    responder,
    networkBlockOf: networkBlockOf(ledger, allowed),
    blocks,
    allows,
    firewallLog,
    loadBooks,
  };
}
