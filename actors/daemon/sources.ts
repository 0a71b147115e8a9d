import { hostname } from 'node:os';
import type { Component } from '../../core/base/component.ts';
import { type Cidr, parseCidr } from '../../core/base/ip.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import type { Millis } from '../../core/base/time.ts';
import { parseListen } from '../../core/config/formats.ts';
import type { Config } from '../../core/config/settings.ts';
import type { Cursor } from '../../core/event/cursor.ts';
import { fingerprintOf } from '../../core/event/framing.ts';
import { isParserName, parserInfo } from '../../core/event/parsers.ts';
import { type JournalOrigin, toldByJournal } from '../../core/event/preference.ts';
import { cursors, journalCursors } from '../../core/keys/records.ts';
import { openJournal } from '../../native/journal/index.ts';
import { hostZone, type JournalPreference, type Pipeline } from '../pipeline/index.ts';
import type { Records } from '../store/index.ts';
import type { Service } from '../supervisor/index.ts';
import { FileWatcher, openFileSystem } from '../watchers/files/index.ts';
import { type JournalLoss, JournalWatcher, ownEntries } from '../watchers/journal/index.ts';
import { openNetwork, type SyslogListener, SyslogReceiver } from '../watchers/syslog/index.ts';

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

/** What the sources say of themselves, with what of a file is left to the journal. */
export const withPreference = (
  said: readonly Component[],
  preference: Pick<JournalPreference, 'told'> | undefined,
): readonly Component[] =>
  said.map((component) => {
    const told = component.name.startsWith(FILE) ? preference?.told(component.name.slice(FILE.length)) : undefined;
    if (told === undefined || told.size === 0) return component;
    const left = `lines of ${[...told].join(', ')} on this host are left to the journal, which is preferred`;
    return { ...component, detail: component.detail === undefined ? left : `${component.detail}; ${left}` };
  });

const FILE = 'file:';

/** Which programs of which files are left to the journal, as far as it has shown by now that it carries them. */
export function journalPreference({ watchers, hostname: own }: Config, board: SourceBoard): JournalPreference {
  const names = new Set([own, hostname()].flatMap((name) => [name, name.split('.', 1)[0] ?? name]));
  const seen: JournalOrigin[] = [];
  const files = watchers.files.map(({ path, parser }) => ({ path, programs: programsOf(parser) }));
  const isFollowed = () => board.all().some(({ name, state }) => name.startsWith('journal:') && state === 'ok');
  let told = toldByJournal(files, { isFollowed: false, seen });
  let was = false;
  const renew = () => {
    was = isFollowed();
    told = toldByJournal(files, { isFollowed: was, seen });
  };
  return {
    told(path) {
      if (seen.length === 0) return undefined;
      if (isFollowed() !== was) renew();
      return told.get(path);
    },
    seen(origins) {
      seen.push(...origins);
      renew();
    },
    ownHosts: [...names].map((name) => name.toLowerCase()),
  };
}

/** Programs whose lines a parser reads out of syslog; none where a line does not name its program. */
const programsOf = (parser: string): readonly string[] =>
  isParserName(parser) ? (parserInfo(parser).programs ?? []) : [];

export interface SourceParts {
  readonly config: Config;
  readonly records: Records;
  readonly pipeline: Pipeline;
  readonly board: SourceBoard;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly lost: (loss: JournalLoss) => void;
}

/** The watchers that the configuration asks for. Each goes on where its cursor stands. */
export function makeSources(parts: SourceParts): readonly Service[] {
  const { watchers } = parts.config;
  return [
    fileWatcher(parts, watchers.files),
    ...(watchers.journal ? [journalWatcher(parts, watchers.journal_directory)] : []),
    ...(watchers.syslog.length > 0 ? [syslogReceiver(parts, watchers.syslog)] : []),
  ];
}

function fileWatcher({ records, pipeline, board, clock }: SourceParts, entries: Watchers['files']): FileWatcher {
  return new FileWatcher({
    entries,
    cursors: async () => {
      await pipeline.checkpoint();
      return storedCursors(records);
    },
    sink: pipeline,
    fs: openFileSystem(),
    clock,
    report: board.report,
    fingerprintOf,
  });
}

function journalWatcher(
  { records, pipeline, board, clock, lost }: SourceParts,
  directory: string | undefined,
): Service {
  let watcher: JournalWatcher | undefined;
  return {
    id: 'journal',
    async start(crash) {
      watcher = new JournalWatcher({
        source: directory === undefined ? { kind: 'system' } : { kind: 'directory', path: directory },
        open: openJournal,
        own: await ownEntries(),
        cursor: async (path) => {
          await pipeline.checkpoint();
          return records.get(journalCursors, [path]);
        },
        sink: { submit: (chunk) => pipeline.submitJournal(chunk) },
        clock,
        report: board.report,
        lost,
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
