/** The one event that stands for line after line, against an event for each of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Chunk, FileLines } from '../../actors/pipeline/lines.ts';
import { ReadEvent } from '../../actors/pipeline/read-event.ts';
import { UsualLines } from '../../actors/pipeline/usual-lines.ts';
import { createDetectors } from '../../core/detect/checks.ts';
import type { Finding } from '../../core/detect/finding.ts';
import { Pipeline } from '../../core/detect/pipeline.ts';
import { UTC } from '../../core/event/syslog-time.ts';
import { openLines } from '../../native/lines/index.ts';
import { FIELDS } from '../../native/lines/port.ts';
import { fc } from '../support/random.ts';

const RECEIVED = Date.UTC(2026, 10, 22, 9, 0, 0);
const clock = (second: number): string =>
  new Date(Date.UTC(2026, 10, 22, 1) + second * 1000).toISOString().slice(11, 19);

const message = fc
  .record({
    form: fc.constantFrom('Failed password for', 'Failed password for invalid user', 'Accepted password for'),
    user: fc.constantFrom('root', 'ops', 'backup', 'admin', 'test', 'oracle', 'git', 'www', 'pi'),
    host: fc.nat(2),
    port: fc.integer({ min: 1, max: 9 }),
  })
  .map(({ form, user, host, port }) => `${form} ${user} from 192.0.2.${host} port ${port} ssh2`);

test('whoever judges a line keeps of its event nothing that the next line changes', () => {
  let found = 0;
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 30, maxLength: 120 }),
      fc.integer({ min: 1, max: 20 }),
      (lines, pace) => {
        const text = lines.map((line, i) => `Nov 22 ${clock(i * pace)} h sshd[${i + 1}]: ${line}\n`).join('');
        const [reused, fresh] = [0, 1].map(() => new Pipeline(new Map(), createDetectors())) as [Pipeline, Pipeline];
        const findings: [Finding[], Finding[]] = [[], []];
        const one = new ReadEvent();
        const chunk: Chunk = {
          ...{ kind: 'chunk', sequence: 1, parser: 'syslog', source: 'aa', offset: 0, provenance: 'file' },
          ...{ receivedAt: RECEIVED, bytes: Uint8Array.from(Buffer.from(text)) },
        };
        const opened = openLines();
        assert.ok(opened.ok, opened.ok ? '' : opened.public);
        let read = 0;
        new UsualLines(opened.value, new FileLines(), UTC).each(chunk, {
          read: (taken, first, count) => {
            read += count;
            for (let line = first; line < first + count * FIELDS; line += FIELDS) {
              findings[0].push(...reused.judge(one.of(taken, line)));
              findings[1].push(...fresh.judge(new ReadEvent().of(taken, line)));
            }
          },
          line: ({ text: left }) => assert.fail(left),
        });
        assert.equal(read, lines.length);
        assert.deepEqual(findings[0], findings[1]);
        assert.deepEqual(reused.snapshot(), fresh.snapshot());
        found += findings[0].length;
      },
    ),
  );
  assert.ok(found > 100, `${found} findings`);
});
