import { join } from 'node:path';
import type { Lists } from '../../core/api/lists.ts';
import type { Component } from '../../core/base/component.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { hours, type Millis, millis, plus } from '../../core/base/time.ts';
import { checkSettingsOf, sourceGroupsOf } from '../../core/config/check-settings.ts';
import { durationOf, lengthOf } from '../../core/config/formats.ts';
import type { Config } from '../../core/config/settings.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { ParserDeclaration } from '../../core/event/declared/declaration.ts';
import { EVENTS_DIRECTORY } from '../../core/event/kept.ts';
import type { Mode } from '../../core/respond/mode.ts';
import {
  canaryFinding,
  driftFinding,
  eventDamageFinding,
  eventsNotKeptFinding,
  journalLossFinding,
  type Topics,
} from '../appliance/index.ts';
import type { Bus } from '../bus/index.ts';
import { Canaries } from '../canary/index.ts';
import { contentOf, type FirewallContent, witnessTable } from '../firewall/index.ts';
import { allLists, type FleetLists, type ListKeeper } from '../lists/index.ts';
import { packetTools } from '../packets/index.ts';
import { checkpointRecords, Pipeline, startWorker } from '../pipeline/index.ts';
import { type RetentionSettings, Segments, startSearcher } from '../segments/index.ts';
import type { Service } from '../supervisor/index.ts';
import { type Enforcement, makeEnforcement } from './enforcement.ts';
import { type Findings, makeFindings } from './findings.ts';
import type { Foundation } from './foundation.ts';
import { JournalLead } from './journal-lead.ts';
import { makeFleetLists, makeLists } from './lists.ts';
import { makeSources, SourceBoard, withPreference } from './sources.ts';

/** From a line in a file to an element in the kernel. */
export interface DataPlane extends Enforcement, Findings {
  readonly pipeline: Pipeline;
  /** Packets that prove what the kernel does. */
  readonly canaries: Canaries;
  /** Bulk lists, and what of them is in force. */
  readonly lists: ListKeeper;
  /** Lists that a fleet decides. */
  readonly fleetLists: FleetLists;
  /** Both. */
  readonly allLists: Lists;
  /** The events that are kept. */
  readonly segments: Segments;
  /** Everything that brings lines in. */
  readonly watchers: readonly Service[];
  /** What every source says of itself. */
  readonly sources: () => readonly Component[];
}

export interface DataPlaneDeps {
  readonly config: () => Config;
  /** What the kernel's rules are made of at first: what was confirmed, where the config holds a change that is on trial. */
  readonly confirmed: FirewallContent;
  readonly stateDirectory: string;
  /** Of the config file. */
  readonly configPath: string;
  readonly mode: () => Mode;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly bus: Bus<Topics>;
  readonly foundation: Foundation;
}

/** A disk that comes and goes is told of once in this long; the component says how it is. */
const NOT_KEPT_AGAIN: Millis = hours(1);

export function makeDataPlane(deps: DataPlaneDeps): DataPlane {
  const { clock, foundation } = deps;
  const { records } = foundation.store;
  const settings = deps.config();
  const enforcement = makeEnforcement(deps, (report) => tell(driftFinding(settings.hostname, report, clock.now())));
  const findings = makeFindings({
    ...deps,
    records,
    isRepaired: foundation.store.port.health().state === 'repaired',
    respond: (made) => enforcement.responder.respond(made),
  });
  const parsers = settings.parsers as readonly ParserDeclaration[];
  const board = new SourceBoard(() => clock.now());
  const lead = settings.watchers.journal ? new JournalLead({ ...settings, parsers }, clock) : undefined;
  const tell = teller(deps, findings);
  const lists = makeLists(deps, { book: enforcement.listBook, kernel: enforcement.firewall.lists, tell });
  const fleetLists = makeFleetLists(deps, { book: enforcement.listBook, kernel: enforcement.firewall.lists });
  const segments = segmentsOf(deps, tell);
  const pipeline = pipelineOf(deps, { findings, parsers, lead, segments, tell });
  const watchers = makeSources({
    config: settings,
    records,
    pipeline,
    board,
    lead,
    clock,
    random: deps.random,
    log: deps.log,
    lost: (loss) => tell(journalLossFinding(settings.hostname, loss, clock.now())),
  });
  return {
    ...enforcement,
    ...findings,
    lists,
    fleetLists,
    allLists: allLists(lists, fleetLists),
    pipeline,
    canaries: canariesOf(deps, enforcement, tell),
    segments,
    watchers,
    sources: () => withPreference(board.all(), settings.watchers.files, lead),
  };
}

type Tell = (finding: Finding) => void;

/** Findings about ourselves go the way of all others. */
const teller =
  ({ log }: DataPlaneDeps, { recorder }: Findings): Tell =>
  (finding) => {
    recorder.record([finding]).catch((cause: unknown) => {
      log('error', 'a finding of our own could not be recorded', { check: finding.check, error: messageOf(cause) });
    });
  };

interface PipelineParts {
  readonly findings: Findings;
  readonly parsers: readonly ParserDeclaration[];
  readonly lead: JournalLead | undefined;
  readonly segments: Segments;
  readonly tell: Tell;
}

function pipelineOf(deps: DataPlaneDeps, { findings, parsers, lead, segments, tell }: PipelineParts): Pipeline {
  const { clock, log, random, foundation } = deps;
  const { hostname, thresholds, disabled_checks } = deps.config();
  let notBefore = millis(0);
  return new Pipeline({
    checks: checkSettingsOf(thresholds, disabled_checks),
    groups: sourceGroupsOf(thresholds),
    salt: random.bytes(4).reduce((salt, byte) => salt * 256 + byte, 0),
    parsers,
    ...(lead === undefined ? {} : { journal: lead }),
    events: {
      directory: eventsDirectory(deps),
      damaged: (part) => segments.note(part),
      changed: (status) => {
        const finding = eventsNotKeptFinding(hostname, status, clock.now());
        if (finding === undefined || finding.at < notBefore) return;
        notBefore = plus(finding.at, NOT_KEPT_AGAIN);
        tell(finding);
      },
    },
    records: checkpointRecords(foundation.store.records),
    startWorker,
    clock,
    log,
    record: (made) => findings.recorder.record(made),
    flushed: () => findings.recorder.flushed(),
  });
}

function canariesOf(deps: DataPlaneDeps, { firewall, desired, listBook }: Enforcement, tell: Tell): Canaries {
  const { config, clock, random, log } = deps;
  const { hostname, firewall: settings } = config();
  return new Canaries({
    place: { tools: packetTools, space: settings.netns ?? 'own', table: witnessTable(settings.table) },
    clock,
    random,
    log,
    firewall,
    desired,
    lists: { book: listBook, kernel: firewall.lists },
    content: () => contentOf(config()),
    settings: () => {
      const { canary, canary_interval } = config().firewall;
      return { isOn: canary, every: lengthOf(canary_interval) };
    },
    alarm: (outcome) => tell(canaryFinding(hostname, outcome)),
  });
}

function segmentsOf(deps: DataPlaneDeps, tell: Tell): Segments {
  const { clock, log } = deps;
  const { hostname } = deps.config();
  return new Segments({
    directory: eventsDirectory(deps),
    clock,
    log,
    retention: () => retentionOf(deps.config()),
    startSearcher,
    damaged: (part) => tell(eventDamageFinding(hostname, part, clock.now())),
  });
}

const eventsDirectory = ({ stateDirectory }: DataPlaneDeps): string => join(stateDirectory, EVENTS_DIRECTORY);

const retentionOf = ({ events }: Config): RetentionSettings => ({
  keepFor: durationOf(events.keep),
  maxBytes: events.max_mib * 1024 * 1024,
  keepFree: events.keep_free_percent / 100,
});
