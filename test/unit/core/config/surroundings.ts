import assert from 'node:assert/strict';
import { type LoadedConfig, parseConfig } from '../../../../core/config/read.ts';
import type { Surroundings } from '../../../../core/config/setting.ts';

export const AROUND: Surroundings = {
  hostname: 'edge01',
  stateDir: '/var/lib/bartizan',
  parsers: ['sshd', 'syslog'],
};

/** Reads a config that must be good. */
export function loaded(text: string): LoadedConfig {
  const read = parseConfig(text, 'bartizan.yaml', AROUND);
  assert.ok(read.ok, read.ok ? '' : read.public);
  return read.value;
}
