import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineMaker } from '../../../../../actors/watchers/syslog/lines.ts';
import { judgeProof, unproven } from '../../../../../actors/watchers/syslog/sender.ts';
import { hours, minutes } from '../../../../../core/base/time.ts';
import { createDetectors } from '../../../../../core/detect/checks.ts';
import { Pipeline } from '../../../../../core/detect/pipeline.ts';
import type { RawLine } from '../../../../../core/event/event.ts';
import { createParsers } from '../../../../../core/event/parsers.ts';
import { UTC } from '../../../../../core/event/syslog-time.ts';
import type { Decision } from '../../../../../core/respond/decision.ts';
import type { BlockPolicy } from '../../../../../core/respond/policy.ts';
import { protectedNetworks } from '../../../../../core/respond/protected.ts';
import { decide } from '../../../../support/decide.ts';
import { SimulatedClock } from '../../../../support/simulated-clock.ts';

const VICTIM = '198.51.100.7';
const settings = { certFile: '', keyFile: '', clients: 'optional', peers: [], relays: [] } as const;

/** The line as a parser of whole lines takes it. */
function inOneText({ header, text, ...line }: RawLine): RawLine {
  const { at = 0, host, program, pid } = header ?? {};
  return { ...line, text: `${new Date(at).toISOString()} ${host} ${program}[${pid}]: ${text}` };
}

/** What the default policy does about ten failed logins that a sender tells of. */
function decisionsFrom(sender: Parameters<LineMaker['make']>[1]): readonly Decision[] {
  const clock = new SimulatedClock();
  const lines = new LineMaker({ clock, zone: UTC, source: 'net-1' });
  const pipeline = new Pipeline(createParsers({ zone: UTC }), createDetectors());
  const policy: BlockPolicy = {
    mode: 'enforce',
    expiry: hours(24),
    protectedNetworks: protectedNetworks([], []),
    allowed: () => undefined,
  };
  const decisions: Decision[] = [];
  for (let i = 0; i < 10; i++) {
    clock.advance(1000);
    const said = `<38>1 ${new Date(clock.now()).toISOString()} edge sshd 12 - - Failed password for root from ${VICTIM} port 4${i} ssh2`;
    const made = lines.make(Buffer.from(said), sender);
    assert.ok(made !== undefined);
    for (const finding of pipeline.feed(inOneText(made.line), 'sshd')) {
      const decision = decide(finding, policy, clock.now());
      if (decision !== undefined) decisions.push(decision);
    }
  }
  assert.ok(pipeline.counters.findings > 0, 'the attack was not found at all');
  return decisions;
}

test('a forged datagram that tells of failed logins gets nobody blocked, though they are found', () => {
  assert.deepEqual(decisionsFrom(unproven('192.0.2.1')), []);
});

test('nor does one over TLS without a certificate', () => {
  const sender = judgeProof({ kind: 'none' }, '192.0.2.1', settings);
  assert.ok(typeof sender !== 'string');
  assert.deepEqual(decisionsFrom(sender), []);
});

test('a sender with a certificate of ours gets the attacker blocked', () => {
  const certificate = { alternativeNames: 'DNS:web1.example.net', commonName: '' };
  const sender = judgeProof({ kind: 'certificate', certificate }, '192.0.2.1', settings);
  assert.ok(typeof sender !== 'string');
  const [decision] = decisionsFrom(sender);
  assert.deepEqual([decision?.ip, decision?.state], [VICTIM, 'active']);
});

for (const [said, host, isReplaced] of [
  ['edge', 'web1.example.net', true],
  ['web1', 'web1.example.net', false],
  ['WEB1.example.net', 'web1.example.net', false],
  ['web', 'web1.example.net', true],
  ['-', 'web1.example.net', false],
] as const)
  test(`an authenticated sender that says it is ${said} is ${host}`, () => {
    const clock = new SimulatedClock();
    const lines = new LineMaker({ clock, zone: UTC, source: 'net-1' });
    const sender = { provenance: 'authenticated', name: 'web1.example.net', isBound: true } as const;
    const made = lines.make(Buffer.from(`<38>1 - ${said} sshd 12 - - hello`), sender);
    assert.deepEqual([made?.line.header?.host, made?.isHostReplaced], [host, isReplaced]);
    clock.advance(minutes(1));
    assert.equal(lines.make(Buffer.from('x'), sender)?.line.position.offset, 1);
  });
