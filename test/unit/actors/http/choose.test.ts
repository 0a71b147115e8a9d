import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseEngine } from '../../../../actors/http/choose.ts';
import type { Uws } from '../../../../actors/http/uws/binding.ts';
import { fail, ok } from '../../../../core/base/result.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const there = () => ok({ uws: { _cfg() {} } as unknown as Uws, origin: 'shipped' as const });
const copied = () => ok({ uws: { _cfg() {} } as unknown as Uws, origin: 'adapted' as const });
const missing = () => fail('unavailable', 'no glibc');

for (const [wish, load, name, reason, level] of [
  ['auto', there, 'uWebSockets.js', undefined, undefined],
  ['uwebsockets', there, 'uWebSockets.js', undefined, undefined],
  ['auto', copied, 'uWebSockets.js (copy adapted to an older glibc)', undefined, undefined],
  ['auto', missing, 'node:https', 'no glibc', 'info'],
  ['uwebsockets', missing, 'node:https', 'no glibc', 'warn'],
  ['node', () => assert.fail('not asked for'), 'node:https', undefined, undefined],
] as const)
  test(`${wish}: ${name}${reason === undefined ? '' : ', and why'}`, () => {
    const logged: string[] = [];
    const chosen = chooseEngine(wish, {
      clock: new SimulatedClock(),
      random: { bytes: (count) => new Uint8Array(count) },
      log: (at) => logged.push(at),
      load,
    });
    assert.deepEqual([chosen.engine.name, chosen.reason, logged[0]], [name, reason, level]);
  });
