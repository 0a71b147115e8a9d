import { createDetectors } from '../../core/detect/checks.ts';
import { Pipeline } from '../../core/detect/pipeline.ts';
import { Replay, type ReplayItem } from '../../core/detect/replay.ts';
import { createParsers, PARSER_NAMES } from '../../core/event/parsers.ts';
import type { LogBatch, LogRunner } from '../cli/index.ts';
import { systemClock } from '../clock/index.ts';
import { hostZone } from './zone.ts';

/** Runs recorded logs through the same parsers and detectors that the daemon has, with their default settings. */
export const logRunner = (): LogRunner => ({
  parsers: PARSER_NAMES,
  parse: (chunks, parser) => run(chunks, parser, (item) => (item.kind === 'event' ? item.event : undefined)),
  replay: (chunks, parser) => run(chunks, parser, (item) => (item.kind === 'finding' ? item.finding : undefined)),
});

async function* run<T>(
  chunks: AsyncIterable<Uint8Array>,
  parser: string,
  pick: (item: ReplayItem) => T | undefined,
): AsyncGenerator<LogBatch<T>> {
  const pipeline = new Pipeline(createParsers({ zone: hostZone() }), createDetectors());
  const log = new Replay({ pipeline, parser, receivedAt: systemClock.now(), provenance: 'file' });
  for await (const chunk of chunks) yield batch(pipeline, log.feed(chunk), pick);
  yield batch(pipeline, log.end(), pick);
}

/** The items are made as they are read, so the progress is taken after them. */
function batch<T>(
  pipeline: Pipeline,
  items: Iterable<ReplayItem>,
  pick: (item: ReplayItem) => T | undefined,
): LogBatch<T> {
  const results: T[] = [];
  for (const item of items) {
    const picked = pick(item);
    if (picked !== undefined) results.push(picked);
  }
  return { results, progress: pipeline.counters };
}
