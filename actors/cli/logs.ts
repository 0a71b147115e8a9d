import { nearest } from '../../core/base/nearest.ts';
import { printable, printableJson } from '../../core/base/printable.ts';
import { rfc3339 } from '../../core/base/time.ts';
import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import { rowLine } from '../../core/cli/table.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { CliDeps, LogBatch, LogProgress } from './deps.ts';
import { complain, say } from './say.ts';

/** Prints each event as one line of JSON; batch by batch, so memory does not grow with the log. */
export const parseLog = (invocation: Invocation, deps: CliDeps): Promise<ExitName> =>
  run(
    invocation,
    deps,
    (chunks, parser) => deps.logs.parse(chunks, parser),
    (events) => events.map(printableJson),
  );

/** Prints each finding as a row, or as one line of JSON. */
export function replayLog(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const replay = (chunks: AsyncIterable<Uint8Array>, parser: string) => deps.logs.replay(chunks, parser);
  if (invocation.flags.has('json')) {
    return run(invocation, deps, replay, (findings) => findings.map(printableJson));
  }
  const width = deps.stdout.columns ?? Number.POSITIVE_INFINITY;
  const row = (cells: readonly string[]) => rowLine(cells.map(printable), WIDTHS, width);
  let headed = false;
  return run(invocation, deps, replay, (findings) => {
    const lines = findings.map((finding) => row(cellsOf(finding)));
    if (headed || lines.length === 0) return lines;
    headed = true;
    return [row(HEADS), ...lines];
  });
}

const HEADS = ['TIME', 'SEVERITY', 'CHECK', 'SUBJECT', 'COUNT', 'MESSAGE'];
/** Findings come one by one, so widths cannot follow them: they fit a time, the longest severity, check and IPv4. */
const WIDTHS = [24, 8, 16, 15, 5, 0];

const cellsOf = ({ at, severity, check, subject, count, message }: Finding): readonly string[] => [
  rfc3339(at),
  severity,
  check,
  subject.value,
  String(count),
  message,
];

async function run<T>(
  { arguments: { FILE: path = '-' }, values: { parser = '' } }: Invocation,
  deps: CliDeps,
  through: (chunks: AsyncIterable<Uint8Array>, parser: string) => AsyncIterable<LogBatch<T>>,
  linesOf: (results: readonly T[]) => readonly string[],
): Promise<ExitName> {
  const { parsers } = deps.logs;
  if (!parsers.includes(parser)) {
    const meant = nearest(parser, parsers);
    const hint = meant === undefined ? `there are ${parsers.join(', ')}` : `did you mean "${meant}"?`;
    await complain(deps, `there is no parser "${printable(parser)}"; ${hint}`);
    return 'usage';
  }
  const chunks = await deps.openLog(path);
  if (!chunks.ok) {
    await complain(deps, printable(chunks.public));
    return 'failed';
  }
  let progress: LogProgress = { lines: 0, events: 0, unparsed: {} };
  for await (const batch of through(chunks.value, parser)) {
    progress = batch.progress;
    const lines = linesOf(batch.results);
    if (lines.length > 0) await say(deps, `${lines.join('\n')}\n`);
  }
  await deps.stderr.write(`${summary(progress)}\n`);
  return 'ok';
}

function summary({ lines, events, unparsed }: LogProgress): string {
  const reasons = Object.entries(unparsed).filter(([, count]) => count > 0);
  const rest = reasons.map(([reason, count]) => `${count} ${reason}`).join(', ');
  return `${lines} lines, ${events} events${rest === '' ? '' : `; no event: ${rest}`}`;
}
