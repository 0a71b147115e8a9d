import type { Component } from '../../core/base/component.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { durationOf, lengthOf } from '../../core/config/formats.ts';
import type { Config } from '../../core/config/settings.ts';
import { fingerprintOf } from '../../core/event/framing.ts';
import { cursors } from '../../core/keys/records.ts';
import type { Mode } from '../../core/respond/mode.ts';
import type { Topics } from '../appliance/index.ts';
import type { Bus } from '../bus/index.ts';
import { createFirewall, type KernelFirewall } from '../firewall/index.ts';
import { ActiveFindings, FindingRecorder, findingRecords } from '../incidents/index.ts';
import { checkpointRecords, Pipeline, startWorker } from '../pipeline/index.ts';
import { decisionRecords, desiredBlocks, Ledger, Responder } from '../responder/index.ts';
import type { Records } from '../store/index.ts';
import { type Cursor, FileWatcher, openFileSystem } from '../watchers/files/index.ts';
import type { Foundation } from './foundation.ts';

/** From a line in a file to an element in the kernel. */
export interface DataPlane {
  readonly active: ActiveFindings;
  readonly recorder: FindingRecorder;
  readonly ledger: Ledger;
  readonly responder: Responder;
  readonly firewall: KernelFirewall;
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
  const { clock, log, bus, foundation } = deps;
  const { records } = foundation.store;
  const settings = deps.config();
  const enforcement = makeEnforcement(deps);
  const active = new ActiveFindings();
  const recorder = new FindingRecorder({
    records: findingRecords(records),
    active,
    log,
    publish: (finding, serial) => bus.publish('finding', { finding, serial }),
    respond: (findings) => enforcement.responder.respond(findings),
  });
  const pipeline = new Pipeline({
    checks: {
      ssh_bruteforce: {
        threshold: settings.thresholds.ssh_bruteforce_failures,
        window: lengthOf(settings.thresholds.ssh_bruteforce_window),
      },
    },
    records: checkpointRecords(records),
    startWorker,
    clock,
    log,
    record: (findings) => recorder.record(findings),
    flushed: () => recorder.flushed(),
  });
  return { ...enforcement, active, recorder, pipeline, ...makeFiles(deps, records, pipeline) };
}

function makeEnforcement({ config, mode, clock, random, log, foundation }: DataPlaneDeps) {
  const { nft, store } = foundation;
  const ledger = new Ledger(decisionRecords(store.records));
  const { firewall: settings, infra_ips: infra } = config();
  const desired = desiredBlocks(ledger, () => responder);
  const firewall = createFirewall({
    nft,
    clock,
    log,
    desired,
    settings: { table: settings.table, maxBlocks: settings.max_blocks, infra },
  });
  const responder: Responder = new Responder({
    ledger,
    firewall,
    clock,
    random,
    log,
    mode,
    expiry: () => durationOf(config().auto_response.block_expiry),
  });
  return { ledger, firewall, responder };
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
      else followed.set(component.name, component);
    },
    fingerprintOf,
  });
  return { files, sources: () => [...followed.values()] };
}

async function storedCursors(records: Records): Promise<ReadonlyMap<string, Cursor>> {
  const read = new Map<string, Cursor>();
  for await (const [[path], cursor] of records.list(cursors, [])) read.set(path, cursor);
  return read;
}
