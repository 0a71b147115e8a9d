import { join } from 'node:path';
import { contains, type ParsedIp, parseCidr } from '../../core/base/ip.ts';
import { ok, type Result } from '../../core/base/result.ts';
import { plannerSettingsOf } from '../../core/config/block-settings.ts';
import { hostFeaturesOf } from '../../core/config/firewall-features.ts';
import { durationOf } from '../../core/config/formats.ts';
import type { Config } from '../../core/config/settings.ts';
import type { Connection } from '../../core/respond/allow.ts';
import { eventOfDecision, type FirewallEvent } from '../../core/respond/firewall-event.ts';
import { closedBy } from '../../core/respond/host-features.ts';
import { BlockPlanner } from '../../core/respond/planner.ts';
import { createFirewall, type DriftReport, plainFolder } from '../firewall/index.ts';
import { readTcpSessions } from '../preview/index.ts';
import {
  AllowBook,
  AllowList,
  type AllowListDeps,
  allowRecords,
  BlockTally,
  decisionRecords,
  desiredBlocks,
  FirewallLog,
  Ledger,
  networkBlockOf,
  networksAround,
  Responder,
  UndoDesk,
} from '../responder/index.ts';
import type { DataPlaneDeps } from './data-plane.ts';

export type Enforcement = ReturnType<typeof makeEnforcement>;

/** In the state directory: what a boot restores before this program runs. */
const PLAIN_FILES = 'firewall';

/** Established connections of this host; without a port those that it made itself. */
export async function connectedHere(): Promise<Result<readonly Connection[], 'failed'>> {
  const sessions = await readTcpSessions();
  if (!sessions.ok) return sessions;
  return ok(
    sessions.value.map(({ remote, localPort, outgoing }) =>
      outgoing === true ? { ip: remote } : { ip: remote, port: localPort },
    ),
  );
}

/** Whether what is configured drops packets from there, or new connections to the port. */
function isRefused({ infra_ips, firewall }: Config, ip: ParsedIp, port: number | undefined): boolean {
  const among = (networks: readonly string[]): boolean =>
    networks.some((text) => {
      const net = parseCidr(text);
      return net.ok && contains(net.value, ip);
    });
  const isClosed = port !== undefined && closedBy(hostFeaturesOf(firewall), port) !== undefined;
  return (isClosed || among(firewall.denied_networks)) && !among(infra_ips);
}

const placeOf = (settings: Config['firewall']) => ({
  table: settings.table,
  ...(settings.netns === undefined ? {} : { netns: settings.netns }),
  maxBlocks: settings.max_blocks,
});
interface AllowParts extends Pick<AllowListDeps, 'book' | 'firewall' | 'publish'> {
  readonly responder: Responder;
}

const allowListOf = (
  { config, mode, clock, log, foundation }: DataPlaneDeps,
  { responder, ...parts }: AllowParts,
): AllowList =>
  new AllowList({
    ...parts,
    records: allowRecords(foundation.store.records),
    liftAllowed: (by) => responder.liftAllowed(by),
    refuses: (ip, port) => mode() !== 'observe' && isRefused(config(), ip, port),
    connected: connectedHere,
    clock,
    log,
  });

/** The books of decisions and allows, who keeps them, and the kernel that follows them. */
export function makeEnforcement(deps: DataPlaneDeps, drift: (report: DriftReport) => void) {
  const { config, stateDirectory, mode, clock, random, log, bus, foundation } = deps;
  const { records } = foundation.store;
  const ledger = new Ledger(decisionRecords(records));
  const allowed = new AllowBook();
  const blocks = new BlockTally();
  const firewallLog = new FirewallLog({ records, log });
  const { firewall: settings, auto_response } = config();
  const planner = new BlockPlanner(plannerSettingsOf(auto_response));
  const firewall = createFirewall({
    nft: foundation.kernel.nft,
    clock,
    log,
    desired: desiredBlocks(ledger, allowed, () => responder),
    settings: { ...placeOf(settings), content: deps.confirmed },
    folder: plainFolder(join(stateDirectory, PLAIN_FILES)),
    ...(foundation.kernel.aside === undefined ? {} : { aside: foundation.kernel.aside }),
    report: drift,
  });
  const note = (event: FirewallEvent | undefined) => event && firewallLog.note(event);
  const networks = { networkBlockOf: networkBlockOf(ledger, allowed), networksAround: networksAround(ledger) };
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
    told: note,
    publish: (decision, outcome, isFlush) => {
      if (!isFlush) note(eventOfDecision(decision, outcome));
      if (outcome?.result === 'enforced') blocks.add(decision, clock.now());
      bus.publish('decision', outcome === undefined ? { decision } : { decision, outcome });
    },
  });
  const undo = new UndoDesk({ reverse: (...order) => responder.orders.reverse(...order), clock, random });
  const allows = allowListOf(deps, { book: allowed, firewall, responder, publish: note });
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
    responder,
    ...networks,
    undo,
    blocks,
    allows,
    firewallLog,
    loadBooks,
  };
}
