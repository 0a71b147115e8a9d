import { millis } from '../../core/base/time.ts';
import { createDetectors } from '../../core/detect/checks.ts';
import { Pipeline } from '../../core/detect/pipeline.ts';
import { LineFramer } from '../../core/event/framing.ts';
import { createParsers } from '../../core/event/parsers.ts';
import { UTC } from '../../core/event/syslog-time.ts';
import { authLogChunks } from '../support/auth-log.ts';

/**
 * How fast the pure half of the data plane is, each stage together with those before it, on a log made in the process.
 * Best of a few rounds, as CPU time; the last line is JSON. `lines_per_cpu_s` is header and sshd message, from text.
 */
const LINES = 300_000;
const ROUNDS = 5;
const receivedAt = millis(Date.UTC(2026, 10, 22));

const chunks = [...authLogChunks(LINES, 42)];

/** Runs over all chunks, with nothing kept of them between. */
function measure(run: () => (chunk: Uint8Array) => void): number {
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const step = run();
    const before = process.cpuUsage();
    for (const chunk of chunks) step(chunk);
    const { user, system } = process.cpuUsage(before);
    best = Math.max(best, (LINES / (user + system)) * 1e6);
  }
  return Math.round(best);
}

const framed = measure(() => {
  const framer = new LineFramer();
  return (chunk) => framer.push(chunk, framer.next);
});

const texts = chunks.map((chunk) => {
  const framer = new LineFramer();
  return framer.push(chunk, 0);
});

/** Parses, and detects where asked, lines that are framed already. */
function piped(isDetecting: boolean): number {
  return measure(() => {
    const pipeline = new Pipeline(createParsers({ zone: UTC }), isDetecting ? createDetectors() : []);
    let next = 0;
    return () => {
      for (const { offset, text } of texts[next++] ?? []) {
        const position = { source: 'bench', offset };
        pipeline.feed({ text, position, receivedAt, provenance: 'file' }, 'sshd');
      }
    };
  });
}

const parsed = piped(false);
const detected = piped(true);
const whole = Math.round(1 / (1 / framed + 1 / detected));
console.log(
  `framing ${framed}, parsing ${parsed}, parsing and detecting ${detected}, all together ${whole} lines/CPU-s`,
);
console.log(
  JSON.stringify({
    lines_per_cpu_s: parsed,
    framed_per_cpu_s: framed,
    detected_per_cpu_s: detected,
    whole_per_cpu_s: whole,
  }),
);
