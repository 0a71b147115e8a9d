import { cliDeps, type LogBatch, runCli } from '../../actors/cli/index.ts';
import { searchSegments } from '../../actors/segments/index.ts';
import type { FindingId } from '../../core/base/ids.ts';
import { fail } from '../../core/base/result.ts';
import { millis } from '../../core/base/time.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { Event } from '../../core/event/event.ts';

/**
 * The command line as its own process, with a parser that makes an event of every line feed and no daemon: what tests
 * of pipes, files and sockets start.
 */
const position = { source: 'test', offset: 0 };

async function* batches<T>(chunks: AsyncIterable<Uint8Array>, result: T): AsyncIterable<LogBatch<T>> {
  let lines = 0;
  for await (const chunk of chunks) {
    const count = chunk.reduce((sum, byte) => sum + (byte === 0x0a ? 1 : 0), 0);
    lines += count;
    yield { results: new Array<T>(count).fill(result), progress: { lines, events: lines, unparsed: {} } };
  }
}

const event: Event = {
  at: millis(0),
  position,
  provenance: 'file',
  category: 'authentication',
  action: 'ssh_failed_password',
  outcome: 'failure',
  message: 'Failed password',
};

const finding: Finding = {
  id: '01980000-0000-8000-8000-000000000000' as FindingId,
  at: millis(0),
  check: 'ssh_bruteforce',
  severity: 'high',
  subject: { kind: 'ip', value: '192.0.2.66' },
  message: 'failed logins',
  firstAt: millis(0),
  count: 5,
  first: position,
  last: position,
  provenance: 'file',
};

process.exitCode = await runCli(
  process.argv.slice(2),
  cliDeps({
    version: '0.0.0-test',
    serve: async () => 75,
    verify: async () => fail('unreadable', 'not here'),
    provision: async () => fail('failed', 'not here'),
    search: searchSegments,
    logs: {
      parsers: ['sshd'],
      parse: (chunks) => batches(chunks, event),
      replay: (chunks) => batches(chunks, finding),
    },
  }),
);
if (process.env['BARTIZAN_TEST_PEAK'] === '1') {
  process.stderr.write(`peak ${process.resourceUsage().maxRSS} KiB\n`);
}
