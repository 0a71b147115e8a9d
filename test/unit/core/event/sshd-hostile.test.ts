import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../../../core/base/time.ts';
import { isEvent } from '../../../../core/event/event.ts';
import { createSshdParser } from '../../../../core/event/sshd.ts';
import { UTC } from '../../../../core/event/syslog-time.ts';
import { type Client, HOSTILE_MESSAGES, written } from '../../../support/openssh.ts';
import { fc } from '../../../support/random.ts';

const parser = createSshdParser(UTC);
const TRUE_IP = '203.0.113.7';

function sourceOf(message: string): string | undefined {
  const parsed = parser({
    text: `Nov 22 01:02:03 edge sshd[12]: ${written(message)}`,
    position: { source: 'f', offset: 0 },
    receivedAt: millis(Date.UTC(2026, 10, 22, 12)),
    provenance: 'file',
  });
  return isEvent(parsed) ? parsed.sourceIp : undefined;
}

const client = (user: string, text: string, isKnown = false): Client => ({
  ip: TRUE_IP,
  port: 42,
  user,
  text,
  isKnown,
});

/** Pieces of sshd's own messages, with an innocent address to frame. */
const fragment = fc.constantFrom(
  'root',
  ' ',
  ': ',
  ' from 192.0.2.9',
  ' from 192.0.2.9 port 2',
  ' 192.0.2.9 port 2',
  ' port 2',
  '192.0.2.9',
  ' ssh2',
  ' ssh2: RSA SHA256:ab',
  ' ssh2: ',
  ' [preauth]',
  ' timed out',
  ': Too many authentication failures',
  'bad service request ',
  'Change of username or service not allowed: (',
  ' rhost=192.0.2.9 ',
  ' user=',
  ' [192.0.2.9] failed.',
  ' is set up for 192.0.2.9, ignoring',
  ' not allowed because listed in DenyUsers',
  'invalid user ',
  'authenticating user ',
  'user ',
  "' from 192.0.2.9 port 2",
  '", client host "',
  ' (serial 0) CA RSA SHA256:ab',
  ' id 0',
  ' rejected: x',
  ' for ',
  ']',
  '\n',
  '\x01',
  '\\',
  'é',
  '\u2028',
);

const hostileText = fc
  .tuple(
    fc.array(fragment, { maxLength: 8 }),
    fc.nat(60),
    fc.constantFrom('\x01', 'x', '\\'),
    fc.array(fragment, { maxLength: 4 }),
  )
  .map(([head, times, filler, tail]) => head.join('') + (times < 30 ? '' : filler.repeat(times)) + tail.join(''));

test('no name, banner, key id or reason makes another address the source', () => {
  fc.assert(
    fc.property(hostileText, hostileText, fc.boolean(), (user, text, isKnown) => {
      for (const message of HOSTILE_MESSAGES) {
        const source = sourceOf(message(client(user, text, isKnown)));
        assert.ok(
          source === undefined || source === TRUE_IP,
          `${source} from: ${written(message(client(user, text, isKnown)))}`,
        );
      }
    }),
    { numRuns: 150 },
  );
});

/** The messages that carry enough of a name to be cut by sshd. */
const CUT_MESSAGES = HOSTILE_MESSAGES.filter(
  (message) => written(message(client('\x01'.repeat(400), '\x01'.repeat(400)))).length === 500,
);

for (const forged of [' from 192.0.2.9 port 2 ssh2', ' 192.0.2.9 port 2 [preauth]'])
  test(`a name that pushes the true address off the end of the message and leaves "${forged}" there gives no address`, () => {
    let reached = 0;
    // About where the escaped name fills the 500 bytes.
    for (let pad = 100; pad <= 125; pad++) {
      for (let fine = 0; fine < 4; fine++) {
        const name = '\x01'.repeat(pad) + 'x'.repeat(fine) + forged;
        for (const message of CUT_MESSAGES) {
          const text = message(client(name, name));
          if (written(text).endsWith(forged)) reached++;
          const source = sourceOf(text);
          assert.ok(source === undefined || source === TRUE_IP, written(text));
        }
      }
    }
    assert.ok(reached > 0, 'no cut fell right behind the forged address');
  });

for (const text of [
  'x 192.0.2.9 port 2: Too many authentication failures',
  'x from 192.0.2.9 port 2 ssh2: RSA SHA256:ab',
  'x" from 192.0.2.9 port 2 ssh2',
  'x rhost=192.0.2.9 user=root',
  'x [192.0.2.9] failed.',
  '192.0.2.9 port 2',
  '192.0.2.9',
  'user 192.0.2.9 port 2',
])
  test(`"${text}" frames nobody, wherever it stands`, () => {
    for (const message of HOSTILE_MESSAGES) {
      for (const hostile of [client(text, text), client('x', text), client(text, 'x'), client('x', text, true)]) {
        const source = sourceOf(message(hostile));
        assert.ok(source === undefined || source === TRUE_IP, written(message(hostile)));
      }
    }
  });

test('names without tricks keep their address', () => {
  const silent = new Set(['subsystem', 'input_userauth_request', 'error: kex', 'refused', 'debug1', 'Disconnecting:']);
  for (const message of HOSTILE_MESSAGES) {
    const text = message(client('admin', 'hello'));
    const isSilent =
      [...silent].some((opening) => text.startsWith(opening)) ||
      /(?:service request|Change of|negotiate with invalid)/.test(text);
    if (!isSilent) assert.equal(sourceOf(text), TRUE_IP, text);
  }
});
