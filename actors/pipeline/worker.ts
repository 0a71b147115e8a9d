/**
 * The thread that parses, judges and keeps. It reads no source: lines come in, findings and state changes go out. The
 * one thing that it writes is the segments of events, beside the judging and never waited for.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { Millis } from '../../core/base/time.ts';
import { createDetectors } from '../../core/detect/checks.ts';
import type { Finding } from '../../core/detect/finding.ts';
import { Pipeline } from '../../core/detect/pipeline.ts';
import { isEvent, type RawLine } from '../../core/event/event.ts';
import { LineFramer } from '../../core/event/framing.ts';
import { unparsedLine } from '../../core/event/kept.ts';
import { createParsers } from '../../core/event/parsers.ts';
import { systemClock } from '../clock/index.ts';
import { SegmentWriter, segmentDisk } from '../segments/index.ts';
import type { FromWorker, PipelineSettings, ToWorker } from './protocol.ts';
import { hostZone } from './zone.ts';

const port = parentPort;
if (port === null) throw new Error('the pipeline runs on a worker thread');

const { checks, checkpoint, events } = workerData as PipelineSettings;
const send = (message: FromWorker): void => port.postMessage(message);
const pipeline = new Pipeline(createParsers({ zone: hostZone() }), createDetectors(checks));
const { skipped } = pipeline.restore(checkpoint);
const writer =
  events === undefined
    ? undefined
    : new SegmentWriter({
        disk: segmentDisk(events.directory),
        clock: systemClock,
        changed: (status) => send({ kind: 'storage', status }),
        damaged: (part) => send({ kind: 'damage', part }),
      });
const position = await writer?.open(events?.position);

port.on('message', (message: ToWorker) => {
  if (message.kind === 'checkpoint') takeCheckpoint(message.sequence);
  else judge(message);
});
send({ kind: 'ready', skipped, ...(position === undefined ? {} : { position }) });

/** The mark and the snapshot are of the same moment; when the mark is durable is told when it is. */
function takeCheckpoint(sequence: number): void {
  const durable = writer?.mark() ?? Promise.resolve(undefined);
  send({ kind: 'checkpoint', sequence, changes: pipeline.snapshot() });
  durable.then((reached) =>
    send({ kind: 'durable', sequence, ...(reached === undefined ? {} : { position: reached }) }),
  );
}

function judge(chunk: Extract<ToWorker, { kind: 'chunk' }>): void {
  const { sequence, parser } = chunk;
  const findings: Finding[] = [];
  let before: Millis | undefined;
  for (const line of linesOf(chunk)) {
    const parsed = pipeline.parse(line, parser);
    if (!isEvent(parsed)) {
      writer?.keep(unparsedLine(line, parsed.unparsed, before));
      continue;
    }
    before = parsed.at;
    writer?.keep(parsed);
    const found = pipeline.judge(parsed);
    if (found.length > 0) findings.push(...found);
  }
  const storage = writer?.status();
  send({
    kind: 'judged',
    sequence,
    findings,
    counters: pipeline.counters,
    ...(storage === undefined ? {} : { storage }),
  });
}

function* linesOf(chunk: Extract<ToWorker, { kind: 'chunk' }>): Generator<RawLine> {
  const { source, provenance, flaw } = chunk;
  const receivedAt = chunk.receivedAt as Millis;
  for (const { offset, text, flaw: own } of new LineFramer(chunk.offset).push(chunk.bytes, chunk.offset)) {
    const line = { text, position: { source, offset }, receivedAt, provenance };
    yield own === undefined ? line : { ...line, flaw: own };
  }
  if (flaw !== undefined) {
    yield { text: '', flaw: flaw.kind, position: { source, offset: flaw.offset }, receivedAt, provenance };
  }
}
