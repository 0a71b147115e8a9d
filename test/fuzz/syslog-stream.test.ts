import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { millis } from '../../core/base/time.ts';
import { MAX_AHEAD } from '../../core/event/event.ts';
import { SyslogDeframer } from '../../core/event/syslog-frames.ts';
import { networkText, readNetworkSyslog } from '../../core/event/syslog-network.ts';
import { UTC } from '../../core/event/syslog-time.ts';
import { fuzz, linesOf } from '../support/fuzz.ts';

const streams = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/fuzz/syslog-streams.json', import.meta.url), 'utf8'),
) as readonly string[];
const lines = linesOf(readFileSync(new URL('../../../test/fixtures/fuzz/syslog.txt', import.meta.url), 'utf8'));
const corpus = [...streams.map((stream) => new Uint8Array(Buffer.from(stream, 'latin1'))), ...lines];

/** Small, so that the limit is met. */
const MOST = 200;

function framesOf(stream: Uint8Array, cut: () => number): { frames: string[]; end: string; held: number } {
  const deframer = new SyslogDeframer(MOST);
  const frames: string[] = [];
  let held = 0;
  for (let at = 0; at < stream.length; ) {
    const chunk = stream.slice(at, at + cut());
    deframer.push(chunk, ({ bytes, tooLong }) => {
      assert.ok(bytes.length <= MOST);
      frames.push(tooLong ? 'too long' : Buffer.from(bytes).toString('latin1'));
    });
    chunk.fill(0xff);
    held = Math.max(held, deframer.held);
    at += chunk.length;
  }
  const end = deframer.end();
  assert.equal(deframer.held, 0);
  return { frames, end: typeof end === 'object' ? Buffer.from(end.bytes).toString('latin1') : String(end), held };
}

test('however a stream is cut, it holds the same bounded messages, and no byte that was not sent', () => {
  let read = 0;
  const runs = fuzz('syslog-frames', corpus, (mutator) => {
    const stream = mutator.mutant();
    const whole = framesOf(stream, () => stream.length);
    const cut = framesOf(stream, () => 1 + mutator.below(40));
    assert.deepEqual([cut.frames, cut.end], [whole.frames, whole.end]);
    assert.ok(cut.held <= MOST);
    const text = Buffer.from(stream).toString('latin1');
    let from = 0;
    for (const frame of whole.frames.filter((one) => one !== 'too long')) {
      const at = text.indexOf(frame, from);
      assert.ok(at >= from, 'a message that was not sent, or not in this order');
      from = at + frame.length;
    }
    read += whole.frames.length;
  });
  assert.ok(read > runs / 2, `only ${read} messages in ${runs} streams`);
});

test('any message gives one line of its own text at a possible time', () => {
  let read = 0;
  const runs = fuzz('syslog-network', corpus, (mutator) => {
    const now = millis(Date.UTC(2001, 0, 2) + mutator.below(2 ** 40));
    const text = networkText(mutator.mutant());
    assert.doesNotMatch(text, /[^\P{Cc}\t]/u);
    const message = readNetworkSyslog(text, now, UTC);
    if ('unparsed' in message) return;
    const { at, host = '', program = '', priority = 0, pid = 0 } = message;
    assert.ok(at > 0 && at <= now + MAX_AHEAD, text);
    assert.ok(priority <= 191 && pid < 1e10 && host.length <= 255 && program.length <= 128, text);
    assert.ok(text.includes(message.message) && text.includes(host) && text.includes(program), text);
    if (host !== '') read++;
  });
  assert.ok(read > runs / 10, `only ${read} of ${runs} had a header`);
});
