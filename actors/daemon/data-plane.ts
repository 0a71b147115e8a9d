import type { Component } from '../../core/base/component.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import type { Millis } from '../../core/base/time.ts';
import { lengthOf } from '../../core/config/formats.ts';
import type { Config } from '../../core/config/settings.ts';
import { fingerprintOf } from '../../core/event/framing.ts';
import { cursors } from '../../core/keys/records.ts';
import type { Mode } from '../../core/respond/mode.ts';
import type { Topics } from '../appliance/index.ts';
import type { Bus } from '../bus/index.ts';
import { checkpointRecords, Pipeline, startWorker } from '../pipeline/index.ts';
import type { Records } from '../store/index.ts';
import { type Cursor, FileWatcher, openFileSystem } from '../watchers/files/index.ts';
import { type Enforcement, makeEnforcement } from './enforcement.ts';
import { type Findings, makeFindings } from './findings.ts';
import type { Foundation } from './foundation.ts';

/** From a line in a file to an element in the kernel. */
export interface DataPlane extends Enforcement, Findings {
  readonly pipeline: Pipeline;
  readonly files: FileWatcher;
  /** Followed files and entries that wait for one. */
  readonly sources: () => readonly Component[];
}

export interface DataPlaneDeps {
  readonly config: () => Config;
  readonly mode: () => Mode;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly bus: Bus<Topics>;
  readonly foundation: Foundation;
}

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
  const pipeline = new Pipeline({
    checks: {
      ssh_bruteforce: {
        threshold: settings.thresholds.ssh_bruteforce_failures,
        window: lengthOf(settings.thresholds.ssh_bruteforce_window),
        maxSources: settings.thresholds.ssh_bruteforce_max_sources,
      },
    },
    records: checkpointRecords(records),
    startWorker,
    clock,
    log,
    record: (made) => recorder.record(made),
    flushed: () => recorder.flushed(),
  });
  return { ...enforcement, ...findings, pipeline, ...makeFiles(deps, records, pipeline) };
}

function makeFiles({ config, clock }: DataPlaneDeps, records: Records, pipeline: Pipeline) {
  const followed = new Map<string, Component>();
  const files = new FileWatcher({
    entries: config().watchers.files,
    cursors: async () => {
      await pipeline.checkpoint();
      return storedCursors(records);
    },
    sink: pipeline,
    fs: openFileSystem(),
    clock,
    report: (component) => {
      if (component.state === 'off') followed.delete(component.name);
      else followed.set(component.name, withLastEvent(component, followed.get(component.name), clock.now()));
    },
    fingerprintOf,
  });
  return { files, sources: () => [...followed.values()] };
}

/** A source brings something in when it reads: its bytes have grown since it last spoke. */
function withLastEvent(component: Component, before: Component | undefined, now: Millis): Component {
  const read = (one: Component | undefined) => one?.counters['bytes'] ?? 0;
  const lastEventAt = read(component) > read(before) ? now : before?.lastEventAt;
  return lastEventAt === undefined ? component : { ...component, lastEventAt };
}

async function storedCursors(records: Records): Promise<ReadonlyMap<string, Cursor>> {
  const read = new Map<string, Cursor>();
  for await (const [[path], cursor] of records.list(cursors, [])) read.set(path, cursor);
  return read;
}
