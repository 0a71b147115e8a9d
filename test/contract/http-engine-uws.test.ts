import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadUws, nodeEngine, uwsEngine } from '../../actors/http/index.ts';
import type { Random } from '../../core/base/ports.ts';
import { realClock } from '../support/real-clock.ts';
import { httpEngineSuite } from './http-engine/suite.ts';

const loaded = loadUws();
if (!loaded.ok) throw new Error(loaded.public);
const { uws, origin } = loaded.value;

/**
 * Bytes 1, 2, 3, …: the engine's lots, by which it looks after some replies more closely and may end their connection,
 * fall on every sixteenth reply, so that the short exchanges here go as they mostly do and the long ones meet both kinds.
 */
function inTurn(): Random {
  let last = 0;
  return { bytes: (count) => Uint8Array.from({ length: count }, () => ++last) };
}

/** The version in use, as `[2, 36]`. */
function glibc(): readonly [major: number, minor: number] {
  const { header } = process.report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } };
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(header.glibcVersionRuntime ?? '') ?? [];
  return [Number(major), Number(minor)];
}

test('the addon is loaded as shipped where glibc is 2.38 or newer, else as the adapted copy', () => {
  const [major, minor] = glibc();
  assert.equal(origin, major > 2 || (major === 2 && minor >= 38) ? 'shipped' : 'adapted');
});

httpEngineSuite('uWebSockets.js', (limits) =>
  uwsEngine({
    uws,
    origin,
    clock: realClock,
    random: inTurn(),
    log: () => {},
    limits,
    local: nodeEngine({ clock: realClock, log: () => {}, limits }),
  }),
);
