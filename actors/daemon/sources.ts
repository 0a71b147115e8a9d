import { matchesGlob } from 'node:path';
import type { Component } from '../../core/base/component.ts';
import { type Cidr, parseCidr } from '../../core/base/ip.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import type { Millis } from '../../core/base/time.ts';
import { parseListen } from '../../core/config/formats.ts';
import type { Config, WatchedFile } from '../../core/config/settings.ts';
import type { Cursor } from '../../core/event/cursor.ts';
import { fingerprintOf } from '../../core/event/framing.ts';
import { cursors, journalCursors } from '../../core/keys/records.ts';
import { openJournal } from '../../native/journal/index.ts';
import { hostZone, type Pipeline } from '../pipeline/index.ts';
import type { Records } from '../store/index.ts';
import type { Service } from '../supervisor/index.ts';
import { FileWatcher, openFileSystem } from '../watchers/files/index.ts';
import { type JournalLoss, JournalWatcher, type JournalWatcherParts, ownEntries } from '../watchers/journal/index.ts';
import { openNetwork, type SyslogListener, SyslogReceiver } from '../watchers/syslog/index.ts';
import { HeldSink } from './held-sink.ts';
import type { JournalLead } from './journal-lead.ts';

type Watchers = Config['watchers'];

/** What every source has said of itself last. */
export class SourceBoard {
  readonly #said = new Map<string, Component>();
  readonly #now: () => Millis;

  constructor(now: () => Millis) {
    this.#now = now;
  }

  readonly report = (component: Component): void => {
    if (component.state === 'off') this.#said.delete(component.name);
    else this.#said.set(component.name, withLastEvent(component, this.#said.get(component.name), this.#now()));
  };

  readonly all = (): readonly Component[] => [...this.#said.values()];

  of(name: string): Component | undefined {
    return this.#said.get(name);
  }
}

/** A source brings something in when it reads: one of its counters has grown since it last spoke. */
function withLastEvent(component: Component, before: Component | undefined, now: Millis): Component {
  const grown = ['bytes', 'entries', 'lines'].some(
    (name) => (component.counters[name] ?? 0) > (before?.counters[name] ?? 0),
  );
  const lastEventAt = component.lastEventAt ?? (grown ? now : before?.lastEventAt);
  return lastEventAt === undefined ? component : { ...component, lastEventAt };
}

/**
 * What the sources say of themselves, with what of a file is left to the journal.
 * @param entries the files of the configuration, with their parsers
 */
export const withPreference = (
  said: readonly Component[],
  entries: readonly Pick<WatchedFile, 'path' | 'parser'>[],
  lead: Pick<JournalLead, 'told'> | undefined,
): readonly Component[] =>
  said.map((component) => {
    const path = component.name.startsWith(FILE) ? component.name.slice(FILE.length) : undefined;
    const entry = entries.find((one) => path !== undefined && (one.path === path || matchesGlob(path, one.path)));
    const programs = entry && lead?.told(entry.parser)?.programs;
    if (programs === undefined || programs.size === 0) return component;
    const left = `lines of ${[...programs].join(', ')} on this host are left to the journal, which is preferred`;
    return { ...component, detail: component.detail === undefined ? left : `${component.detail}; ${left}` };
  });

const FILE = 'file:';

export interface SourceParts {
  readonly config: Config;
  readonly records: Records;
  readonly pipeline: Pipeline;
  readonly board: SourceBoard;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly lost: (loss: JournalLoss) => void;
  /** Present where the journal is followed. */
  readonly lead: JournalLead | undefined;
}

/** The watchers that the configuration asks for. Each goes on where its cursor stands. */
export function makeSources(parts: SourceParts): readonly Service[] {
  const { watchers } = parts.config;
  return [
    fileWatcher(parts, watchers.files),
    ...(parts.lead === undefined ? [] : [journalWatcher(parts, parts.lead, watchers.journal_directory)]),
    ...(watchers.syslog.length > 0 ? [syslogReceiver(parts, watchers.syslog)] : []),
  ];
}

function fileWatcher(parts: SourceParts, entries: Watchers['files']): Service {
  const { records, pipeline, board, clock, lead } = parts;
  const sink = lead === undefined ? undefined : new HeldSink(pipeline, lead);
  const watcher = new FileWatcher({
    entries,
    cursors: async () => {
      await pipeline.checkpoint();
      return storedCursors(records);
    },
    sink: sink ?? pipeline,
    fs: openFileSystem(),
    clock,
    report: board.report,
    fingerprintOf,
  });
  return {
    id: watcher.id,
    async start(crash) {
      sink?.open();
      await watcher.start(crash);
    },
    async stop() {
      sink?.close();
      await watcher.stop();
    },
  };
}

function journalWatcher(parts: SourceParts, lead: JournalLead, directory: string | undefined): Service {
  const { records, pipeline, board, clock, lost } = parts;
  const source: JournalWatcherParts['source'] =
    directory === undefined ? { kind: 'system' } : { kind: 'directory', path: directory };
  let watcher: JournalWatcher | undefined;
  return {
    id: 'journal',
    async start(crash) {
      lead.begin();
      await lead.ask(openJournal, source);
      watcher = new JournalWatcher({
        source,
        open: openJournal,
        own: await ownEntries(),
        cursor: async (path) => {
          await pipeline.checkpoint();
          const cursor = await records.get(journalCursors, [path]);
          if (cursor === undefined) lead.beginsHere();
          return cursor;
        },
        sink: { submit: (chunk) => pipeline.submitJournal(chunk) },
        clock,
        report: (component) => {
          board.report(component);
          lead.hear(component);
        },
        lost: (loss) => {
          lead.lost(loss);
          lost(loss);
        },
      });
      await watcher.start(crash);
    },
    async stop() {
      await watcher?.stop();
    },
  };
}

function syslogReceiver({ pipeline, board, clock, random }: SourceParts, wanted: Watchers['syslog']): Service {
  return new SyslogReceiver({
    listeners: wanted.map(listenerOf),
    sink: { submit: (batch) => pipeline.submitLines(batch) },
    network: openNetwork(),
    clock,
    random,
    zone: hostZone(),
    report: board.report,
  });
}

function listenerOf({ transport, listen, parser, allowed, tls }: Watchers['syslog'][number]): SyslogListener {
  const at = parseListen(listen);
  if (!at.ok) throw new Error(at.public);
  return {
    transport,
    at: { address: at.value.host, port: at.value.port },
    parser,
    allowed: allowed.flatMap(cidrOf),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            certFile: tls.cert,
            keyFile: tls.key,
            ...(tls.client_ca === undefined ? {} : { clientCaFile: tls.client_ca }),
            clients: tls.clients,
            peers: tls.peers,
            relays: tls.relays,
          },
        }),
  };
}

const cidrOf = (text: string): readonly Cidr[] => {
  const net = parseCidr(text);
  return net.ok ? [net.value] : [];
};

async function storedCursors(records: Records): Promise<ReadonlyMap<string, Cursor>> {
  const read = new Map<string, Cursor>();
  for await (const [[path], cursor] of records.list(cursors, [])) read.set(path, cursor);
  return read;
}
