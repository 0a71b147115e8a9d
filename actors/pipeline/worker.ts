/** The thread that parses and judges. It holds no file and no socket: bytes come in, findings and state changes go out. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Millis } from '../../core/base/time.ts';
import { createDetectors } from '../../core/detect/checks.ts';
import type { Finding } from '../../core/detect/finding.ts';
import { Pipeline } from '../../core/detect/pipeline.ts';
import { LineFramer } from '../../core/event/framing.ts';
import { createParsers } from '../../core/event/parsers.ts';
import type { FromWorker, PipelineSettings, ToWorker } from './protocol.ts';
import { hostZone } from './zone.ts';

const port = parentPort;
if (port === null) throw new Error('the pipeline runs on a worker thread');

const settings = workerData as PipelineSettings;
const pipeline = new Pipeline(createParsers({ zone: hostZone() }), createDetectors(settings.checks));
const { skipped } = pipeline.restore(settings.checkpoint);
const send = (message: FromWorker): void => port.postMessage(message);

port.on('message', (message: ToWorker) => {
  if (message.kind === 'checkpoint') {
    send({ kind: 'checkpoint', sequence: message.sequence, changes: pipeline.snapshot() });
    return;
  }
  send({ kind: 'judged', sequence: message.sequence, findings: judge(message), counters: pipeline.counters });
});
send({ kind: 'ready', skipped });

function judge(chunk: Extract<ToWorker, { kind: 'chunk' }>): readonly Finding[] {
  const { parser, source, provenance, flaw } = chunk;
  const receivedAt = chunk.receivedAt as Millis;
  const about = { receivedAt, provenance };
  const lines = new LineFramer(chunk.offset).push(chunk.bytes, chunk.offset);
  const found = lines.flatMap(({ offset, ...line }) =>
    pipeline.feed({ ...line, ...about, position: { source, offset } }, parser),
  );
  if (flaw !== undefined) {
    pipeline.feed({ text: '', flaw: flaw.kind, ...about, position: { source, offset: flaw.offset } }, parser);
  }
  return found;
}
