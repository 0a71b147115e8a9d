import { join } from 'node:path';
import type { Component } from '../../core/base/component.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { hours, type Millis, millis, plus } from '../../core/base/time.ts';
import { checkSettingsOf } from '../../core/config/check-settings.ts';
import { durationOf } from '../../core/config/formats.ts';
import type { Config } from '../../core/config/settings.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { ParserDeclaration } from '../../core/event/declared/declaration.ts';
import { EVENTS_DIRECTORY } from '../../core/event/kept.ts';
import type { Mode } from '../../core/respond/mode.ts';
import { eventDamageFinding, eventsNotKeptFinding, journalLossFinding, type Topics } from '../appliance/index.ts';
import type { Bus } from '../bus/index.ts';
import { checkpointRecords, Pipeline, startWorker } from '../pipeline/index.ts';
import { type DamagedPart, type RetentionSettings, Segments, startSearcher } from '../segments/index.ts';
import type { Service } from '../supervisor/index.ts';
import { type Enforcement, makeEnforcement } from './enforcement.ts';
import { type Findings, makeFindings } from './findings.ts';
import type { Foundation } from './foundation.ts';
import { journalPreference, makeSources, SourceBoard } from './sources.ts';

/** From a line in a file to an element in the kernel. */
export interface DataPlane extends Enforcement, Findings {
  readonly pipeline: Pipeline;
  /** The events that are kept. */
  readonly segments: Segments;
  /** Everything that brings lines in. */
  readonly watchers: readonly Service[];
  /** What every source says of itself. */
  readonly sources: () => readonly Component[];
}

export interface DataPlaneDeps {
  readonly config: () => Config;
  readonly stateDirectory: string;
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
  const { clock, log, foundation } = deps;
  const { records } = foundation.store;
  const settings = deps.config();
  const enforcement = makeEnforcement(deps);
  const findings = makeFindings({
    ...deps,
    records,
    isRepaired: foundation.store.port.health().state === 'repaired',
    respond: (made) => enforcement.responder.respond(made),
  });
  const { recorder } = findings;
  let notBefore = millis(0);
  const board = new SourceBoard(() => clock.now());
  const directory = join(deps.stateDirectory, EVENTS_DIRECTORY);
  const tell = (finding: Finding) => {
    recorder.record([finding]).catch((cause: unknown) => {
      log('error', 'a finding of our own could not be recorded', { check: finding.check, error: messageOf(cause) });
    });
  };
  const damaged = (part: DamagedPart) => tell(eventDamageFinding(settings.hostname, part, clock.now()));
  const pipeline = new Pipeline({
    checks: checkSettingsOf(settings.thresholds, settings.disabled_checks),
    salt: deps.random.bytes(4).reduce((salt, byte) => salt * 256 + byte, 0),
    parsers: settings.parsers as readonly ParserDeclaration[],
    ...(settings.watchers.journal ? { journal: journalPreference(settings, board) } : {}),
    events: {
      directory,
      damaged: (part) => segments.note(part),
      changed: (status) => {
        const finding = eventsNotKeptFinding(settings.hostname, status, clock.now());
        if (finding === undefined || finding.at < notBefore) return;
        notBefore = plus(finding.at, NOT_KEPT_AGAIN);
        tell(finding);
      },
    },
    records: checkpointRecords(records),
    startWorker,
    clock,
    log,
    record: (made) => recorder.record(made),
    flushed: () => recorder.flushed(),
  });
  const watchers = makeSources({
    config: settings,
    records,
    pipeline,
    board,
    clock,
    random: deps.random,
    log,
    lost: (loss) => tell(journalLossFinding(settings.hostname, loss, clock.now())),
  });
  const segments = new Segments({
    directory,
    clock,
    log,
    retention: () => retentionOf(deps.config()),
    startSearcher,
    damaged,
  });
  return { ...enforcement, ...findings, pipeline, segments, watchers, sources: board.all };
}

const retentionOf = ({ events }: Config): RetentionSettings => ({
  keepFor: durationOf(events.keep),
  maxBytes: events.max_mib * 1024 * 1024,
  keepFree: events.keep_free_percent / 100,
});
