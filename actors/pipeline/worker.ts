/**
 * The thread that parses, judges and keeps. It reads no source: lines come in, findings and state changes go out. The
 * one thing that it writes is the segments of events, beside the judging and never waited for.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { Millis } from '../../core/base/time.ts';
import { createDetectors } from '../../core/detect/checks.ts';
import type { Finding } from '../../core/detect/finding.ts';
import { Pipeline } from '../../core/detect/pipeline.ts';
import { type Event, isEvent, isProven, type RawLine } from '../../core/event/event.ts';
import { unparsedLine } from '../../core/event/kept.ts';
import { createOwnHeaders, createParsers } from '../../core/event/parsers.ts';
import { isToldByJournal, type LeftToJournal } from '../../core/event/preference.ts';
import { openBlocks } from '../../native/blocks/index.ts';
import { openLines } from '../../native/lines/index.ts';
import { FIELD, FIELDS } from '../../native/lines/port.ts';
import { openWindows } from '../../native/windows/index.ts';
import { systemClock } from '../clock/index.ts';
import { KINDS, momentOf, type ReadLines, SegmentWriter, segmentDisk } from '../segments/index.ts';
import { type Chunk, FileLines, journalLines, Origins } from './lines.ts';
import { windowsBy } from './native-windows.ts';
import type { FromWorker, PipelineSettings, ToWorker } from './protocol.ts';
import { ReadEvent } from './read-event.ts';
import { RowJudge } from './row-judge.ts';
import { READ_USUAL, UsualLines } from './usual-lines.ts';
import { hostZone } from './zone.ts';

/** The journal carries every program, each under its name. */
const JOURNAL_PARSER = 'syslog';

const port = parentPort;
if (port === null) throw new Error('the pipeline runs on a worker thread');

const { checks, groups, salt, checkpoint, events, parsers = [], ownHosts = [] } = workerData as PipelineSettings;
const send = (message: FromWorker): void => port.postMessage(message);
/** Slower without, and otherwise the same; so are `blocks` and `reader`. */
const engines = openWindows();
const windows = windowsBy(engines.ok ? engines.value : undefined);
const detectors = createDetectors(checks, { windows, ...(groups && { groups }), ...(salt !== undefined && { salt }) });
const pipeline = new Pipeline(createParsers({ zone: hostZone(), declared: parsers }), detectors);
/** Tell what programs wrote into files of their own, which is in no journal. */
const ownHeaders = createOwnHeaders(hostZone());
const origins = new Origins();
const own: ReadonlySet<string> = new Set(ownHosts);
/** Lines of files that the journal told of too. */
let leftToJournal = 0;
const { skipped } = pipeline.restore(checkpoint);
/** Whether any check wants to see such lines, by the number of their action. */
const IS_JUDGED = KINDS.map(({ category, action }) => pipeline.wants(category, action));
const blocks = openBlocks();
const reader = openLines();
/** Of the line that is judged at present. */
const readEvent = new ReadEvent();
const files = new FileLines();
const judge = engines.ok ? new RowJudge({ engines: engines.value, pipeline, detectors }) : undefined;
const usual = reader.ok ? new UsualLines(reader.value, files, hostZone(), judge) : undefined;
const writer =
  events === undefined
    ? undefined
    : new SegmentWriter({
        disk: segmentDisk(events.directory),
        ...(blocks.ok && { blocks: blocks.value }),
        clock: systemClock,
        changed: (status) => send({ kind: 'storage', status }),
        damaged: (part) => send({ kind: 'damage', part }),
      });
const plain = [blocks, reader, engines].flatMap((one) => (one.ok ? [] : [one.public])).join('; ');
/** Not awaited by the module, of which the bundle makes a script. What it rejects with ends the thread. */
const begin = async (): Promise<void> => {
  const position = await writer?.open(events?.position);
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'checkpoint') takeCheckpoint(message.sequence);
    else if (message.kind === 'forget') forget(message);
    else take(message);
  });
  send({
    kind: 'ready',
    skipped,
    ...(position === undefined ? {} : { position }),
    ...(plain === '' ? {} : { plain }),
  });
};
void begin();

/** The mark and the snapshot are of the same moment; when the mark is durable is told when it is. */
function takeCheckpoint(sequence: number): void {
  const durable = writer?.mark() ?? Promise.resolve(undefined);
  send({ kind: 'checkpoint', sequence, changes: pipeline.snapshot() });
  durable.then((reached) =>
    send({ kind: 'durable', sequence, ...(reached === undefined ? {} : { position: reached }) }),
  );
}

/** Messages that bring lines. */
type Lines = Exclude<ToWorker, { kind: 'checkpoint' | 'forget' }>;

function forget({ sequence, ip }: Extract<ToWorker, { kind: 'forget' }>): void {
  pipeline.forget(ip);
  send({ kind: 'judged', sequence, findings: [], counters: { ...pipeline.counters, leftToJournal } });
}

function take(message: Lines): void {
  const delivery = new Delivery(message);
  if (message.kind === 'chunk') takeChunk(message, delivery);
  else for (const line of message.kind === 'lines' ? message.lines : journalLines(message)) delivery.line(line);
  const storage = writer?.status();
  const fresh = origins.take();
  send({
    kind: 'judged',
    sequence: message.sequence,
    findings: delivery.findings,
    counters: { ...pipeline.counters, leftToJournal },
    ...(storage === undefined ? {} : { storage }),
    ...(fresh.length === 0 ? {} : { origins: fresh }),
  });
}

/** Which lines are left to the journal is told by more than what they say. */
function takeChunk(chunk: Chunk, delivery: Delivery): void {
  if (usual !== undefined && chunk.told === undefined && READ_USUAL.has(chunk.parser)) usual.each(chunk, delivery);
  else files.each(chunk, delivery.line);
}

const isOwnForm = ({ text, receivedAt }: RawLine, parser: string): boolean =>
  ownHeaders.get(parser)?.(text, receivedAt) !== undefined;

/** Lines that came together. One line is one call, so that it is the call that gets compiled and not a loop over it. */
class Delivery {
  readonly findings: Finding[] = [];
  readonly #parser: string;
  readonly #told: LeftToJournal | undefined;
  #before: Millis | undefined;

  constructor(message: Lines) {
    this.#parser = message.kind === 'journal' ? JOURNAL_PARSER : message.parser;
    this.#told = message.kind === 'chunk' ? message.told : undefined;
  }

  /** Is handed about, so it is bound. */
  readonly line = (line: RawLine): void => {
    const parsed = pipeline.parse(line, this.#parser);
    if (line.sender !== undefined) origins.note(line, isProven(parsed));
    if (!isEvent(parsed)) {
      writer?.keep(unparsedLine(line, parsed.unparsed, this.#before));
      return;
    }
    if (this.#isTold(parsed, line)) {
      this.#before = parsed.at;
      leftToJournal++;
    } else this.#take(parsed);
  };

  read(lines: ReadLines, line: number, count: number): void {
    const end = line + count * FIELDS;
    pipeline.noteEvents(count);
    this.#before = momentOf(lines, end - FIELDS);
    writer?.keepRead(lines, line, count);
    if (judge !== undefined) {
      judge.judge(lines, line, end, readEvent, this.findings);
      return;
    }
    for (let at = line; at < end; at += FIELDS) {
      if (IS_JUDGED[lines.rows[at + FIELD.action] as number] === true) this.#judge(readEvent.of(lines, at));
    }
  }

  #take(event: Event): void {
    this.#before = event.at;
    writer?.keep(event);
    this.#judge(event);
  }

  #judge(event: Event): void {
    const found = pipeline.judge(event);
    if (found.length > 0) this.findings.push(...found);
  }

  #isTold(event: Event, line: RawLine): boolean {
    return this.#told !== undefined && isToldByJournal(event, this.#told, own) && !isOwnForm(line, this.#parser);
  }
}
