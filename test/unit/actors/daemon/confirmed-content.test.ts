import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confirmedContent } from '../../../../actors/daemon/confirmed-content.ts';
import { MemoryConfigFile } from '../../../support/memory-config-file.ts';

const REAL = '/srv/edge/bartizan.yaml';
const BEFORE = 'firewall: { enabled: true, denied_networks: [203.0.113.0/24] }\n';
const TRIED = 'firewall: { enabled: true, denied_networks: [0.0.0.0/0] }\n';

/** Reached through a symlink. */
class LinkedConfigFile extends MemoryConfigFile {
  override async look() {
    const looked = await super.look();
    return looked.ok ? { ...looked, value: { ...looked.value, path: REAL } } : looked;
  }
}

const snapshotOf = (text: string) => ({
  files: [{ path: REAL, content: Buffer.from(text), mode: 0o600, uid: 0, gid: 0 }],
});

test('what was confirmed is the config, and during a trial what the snapshot holds, through a symlink, too', async () => {
  const file = new LinkedConfigFile(TRIED);
  assert.deepEqual((await confirmedContent(file, undefined)).denied, ['0.0.0.0/0']);
  assert.deepEqual((await confirmedContent(file, snapshotOf(BEFORE))).denied, ['203.0.113.0/24']);
});

test('where a trial has switched the firewall on, everybody was let in before', async () => {
  const file = new LinkedConfigFile(TRIED);
  const { infra, denied } = await confirmedContent(file, snapshotOf(TRIED.replace('true', 'false')));
  assert.deepEqual([infra, denied], [['0.0.0.0/0', '::/0'], []]);
});
