import { millis } from '../../core/base/time.ts';
import { createDetectors } from '../../core/detect/checks.ts';
import { Pipeline } from '../../core/detect/pipeline.ts';
import { LineFramer } from '../../core/event/framing.ts';
import { createParsers } from '../../core/event/parsers.ts';
import { UTC } from '../../core/event/syslog-time.ts';
import { authLogChunks } from '../support/auth-log.ts';
import { declareBench } from './bench.ts';

const SEED = 42;
const receivedAt = millis(Date.UTC(2026, 10, 22));

/**
 * Each stage together with those before it, on a log made in the process: best of a few rounds, as CPU time.
 * `lines_per_cpu_s` is header and sshd message, from text.
 */
export const parse = declareBench({
  name: 'parse',
  about: 'the pure half of the data plane, stage by stage: lines per CPU second',
  options: {
    lines: { about: 'lines of the log', value: 300_000 },
    rounds: { about: 'rounds; the best one counts', value: 5 },
  },
  run: async ({ lines, rounds }, say) => {
    const chunks = [...authLogChunks(lines, SEED)];
    const framedLines = chunks.flatMap((chunk) => new LineFramer().push(chunk, 0));
    const rate = (step: () => () => void): number => Math.round((lines / bestOf(rounds, step)) * 1e6);

    const framed = rate(() => {
      const framer = new LineFramer();
      return () => {
        for (const chunk of chunks) framer.push(chunk, framer.next);
      };
    });
    const piped = (isDetecting: boolean): number =>
      rate(() => {
        const pipeline = new Pipeline(createParsers({ zone: UTC }), isDetecting ? createDetectors() : []);
        return () => {
          for (const { offset, text } of framedLines) {
            const position = { source: 'bench', offset };
            pipeline.feed({ text, position, receivedAt, provenance: 'file' }, 'sshd');
          }
        };
      });
    const parsed = piped(false);
    const detected = piped(true);
    const whole = Math.round(1 / (1 / framed + 1 / detected));
    say(`framing ${framed}, parsing ${parsed}, parsing and detecting ${detected}, all together ${whole} lines/CPU-s`);
    return {
      lines_per_cpu_s: parsed,
      framed_per_cpu_s: framed,
      detected_per_cpu_s: detected,
      whole_per_cpu_s: whole,
    };
  },
});

/** @param prepare makes what is measured, with nothing kept of earlier rounds @returns µs of CPU */
function bestOf(rounds: number, prepare: () => () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const run = prepare();
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, user + system);
  }
  return best;
}
