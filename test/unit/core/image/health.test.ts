import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Component, ComponentState } from '../../../../core/base/component.ts';
import { millis, seconds } from '../../../../core/base/time.ts';
import { type Facts, factsOf, judge } from '../../../../core/image/health.ts';
import { isSteady, type Reading, steadier, UNSTEADY } from '../../../../core/image/steadiness.ts';

const components = (states: Readonly<Record<string, ComponentState>>): Component[] =>
  Object.entries(states).map(([name, state]) => ({ name, state, since: millis(0), counters: {} }));

const TABLE: readonly [string, Facts, Facts | undefined, string, readonly string[]][] = [
  ['nothing is up yet', {}, undefined, 'starting', []],
  ['all is well', { store: 'ok', firewall: 'ok' }, undefined, 'good', []],
  ['what was never there may be absent', { store: 'ok', mqtt: 'waiting', canary: 'off' }, undefined, 'good', []],
  ['one is still starting', { store: 'ok', canary: 'starting' }, undefined, 'starting', []],
  ['one is degraded', { store: 'degraded', http: 'ok' }, undefined, 'bad', ['store']],
  ['what is bad counts ahead of what starts', { store: 'failed', http: 'starting' }, undefined, 'bad', ['store']],
  ['a source was there and is not', { 'file:/a': 'waiting' }, { 'file:/a': 'ok' }, 'bad', ['file:/a']],
  ['a source was absent before', { 'file:/a': 'waiting' }, { 'file:/a': 'waiting' }, 'good', []],
  ['the link was down before', { mqtt: 'degraded' }, { mqtt: 'degraded' }, 'good', []],
  ['the link was down and is worse', { mqtt: 'failed' }, { mqtt: 'degraded' }, 'bad', ['mqtt']],
  ['what was failed may be well', { mqtt: 'ok' }, { mqtt: 'failed' }, 'good', []],
  ['what is new is judged by itself', { store: 'ok', fresh: 'failed' }, { store: 'ok' }, 'bad', ['fresh']],
  ['it was only starting then', { store: 'degraded' }, { store: 'starting' }, 'bad', ['store']],
  ['what exists no more is let pass', { store: 'ok' }, { store: 'ok', old: 'ok' }, 'good', []],
];
for (const [name, now, before, verdict, bad] of TABLE)
  test(`health: ${name}`, () => {
    const judged = judge(components(now), before);
    assert.deepEqual([judged.verdict, judged.bad], [verdict, bad]);
  });

test('a judgement says what is wrong, what is waited for and what was let pass', () => {
  const now: Component[] = [
    ...components({ http: 'starting', mqtt: 'degraded' }),
    { name: 'store', state: 'failed', message: 'the disk is full', since: millis(0), counters: {} },
  ];
  assert.deepEqual(judge(now, { ...factsOf(components({ store: 'ok', mqtt: 'degraded', old: 'ok' })) }).reasons, [
    'store is failed: the disk is full (it was ok before the update)',
    'http is starting',
    'mqtt is degraded (it was degraded before the update)',
    'old is there no more',
  ]);
});

const NEEDS = { readings: 3, window: seconds(10), within: seconds(60) };
const run = (...readings: readonly (readonly [number, Reading['verdict']])[]) =>
  readings.reduce((so, [at, verdict]) => steadier(so, { at: millis(at), verdict }), UNSTEADY);

test('a boot is steady after enough good readings over enough time, in a row', () => {
  assert.equal(isSteady(run([0, 'good'], [5000, 'good'], [9999, 'good']), NEEDS), false);
  assert.equal(isSteady(run([0, 'good'], [5000, 'good'], [10_000, 'good']), NEEDS), true);
  assert.equal(isSteady(run([0, 'good'], [10_000, 'good']), NEEDS), false);
  assert.equal(isSteady(run([0, 'good'], [5000, 'bad'], [6000, 'good'], [16_000, 'good']), NEEDS), false);
  assert.equal(run([0, 'good'], [10_000, 'starting']), UNSTEADY);
});
