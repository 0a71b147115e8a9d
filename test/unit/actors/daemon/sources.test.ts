import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withPreference } from '../../../../actors/daemon/sources.ts';
import { millis } from '../../../../core/base/time.ts';

const part = { state: 'ok', since: millis(0), counters: {} } as const;

test('a file says which lines are left to the journal', () => {
  const told = (path: string) =>
    path === '/x' ? new Set(['sshd', 'sudo']) : path === '/y' ? new Set<string>() : undefined;
  const said = [
    { ...part, name: 'file:/x', detail: 'may be written by root' },
    { ...part, name: 'file:/y' },
    { ...part, name: 'journal:system' },
  ];
  const left = 'lines of sshd, sudo on this host are left to the journal, which is preferred';
  assert.deepEqual(withPreference(said, { told }), [
    { ...part, name: 'file:/x', detail: `may be written by root; ${left}` },
    said[1],
    said[2],
  ]);
  assert.deepEqual(withPreference(said, undefined), said);
});
