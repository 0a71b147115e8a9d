import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withPreference } from '../../../../actors/daemon/sources.ts';
import { millis } from '../../../../core/base/time.ts';

const part = { state: 'ok', since: millis(0), counters: {} } as const;

test('a file says which lines are left to the journal', () => {
  const told = (parser: string) =>
    parser === 'sshd' ? { programs: new Set(['sshd', 'sshd-session']), gaps: [] } : undefined;
  const entries = [
    { path: '/x', parser: 'sshd' },
    { path: '/y', parser: 'nginx' },
    { path: '/z/*.log', parser: 'sshd' },
  ];
  const said = [
    { ...part, name: 'file:/x', detail: 'may be written by root' },
    { ...part, name: 'file:/y' },
    { ...part, name: 'file:/z/a.log' },
    { ...part, name: 'journal:system' },
  ];
  const left = 'lines of sshd, sshd-session on this host are left to the journal, which is preferred';
  assert.deepEqual(withPreference(said, entries, { told }), [
    { ...part, name: 'file:/x', detail: `may be written by root; ${left}` },
    said[1],
    { ...part, name: 'file:/z/a.log', detail: left },
    said[3],
  ]);
  assert.deepEqual(withPreference(said, entries, undefined), said);
});
