import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENVIRONMENT, environmentBlock, grubConfig, slotConfig } from '../../../../image/boot/grub-config.ts';
import { layoutScript } from '../../../../image/boot/initramfs.ts';

test('the environment block is 1024 bytes with all that counts in the first sector', () => {
  const block = environmentBlock();
  assert.equal(block.length, 1024);
  assert.match(block, /^# GRUB Environment Block\nORDER=A B\nA_OK=1\nA_TRY=0\nB_OK=0\nB_TRY=0\n/);
  assert.match(block.slice(512), /^#+$/);
});

test('with its longest values it still fits into a sector; more is refused', () => {
  const longest = { ...ENVIRONMENT, RECOVERY: 'environment', STAMP: '2026-12-31-23-59-59' };
  assert.match(environmentBlock(longest).slice(512), /^#+$/);
  assert.throws(() => environmentBlock({ X: 'x'.repeat(512) }), /more than a sector/);
});

test('nobody gets a menu, an editor or a command line', () => {
  const config = grubConfig();
  assert.match(config, /^set superusers=nobody$/m);
  assert.doesNotMatch(config, /^\s*(?:menuentry|password)/m);
  assert.match(config, /\nreboot\n$/);
});

test('a slot brings its own arguments', () =>
  assert.equal(
    slotConfig({ rootHash: 'ab', salt: 'cd', blocks: 7 }, '1.2.3'),
    'set slot_version="1.2.3"\nset slot_arguments="bartizan.verity=ab bartizan.salt=cd bartizan.blocks=7"\n',
  ));

test('what the scripts know of the disk are single quoted words', () => {
  for (const line of layoutScript(1_763_800_000, '1.2.3').trimEnd().split('\n'))
    assert.match(line, /^[A-Z0-9_]+='[^']*'$/);
});
