import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manifestOf } from '../../../../image/bundle/bundle.ts';

test('the manifest asks for verity, and lets both images be taken block by block', () => {
  const manifest = manifestOf({ compatible: 'bartizan-amd64', version: '1.4.0' });
  assert.match(manifest, /^\[update\]\ncompatible=bartizan-amd64\nversion=1\.4\.0\n/);
  assert.match(manifest, /^\[bundle\]\nformat=verity$/m);
  assert.equal(manifest.match(/^adaptive=block-hash-index$/gm)?.length, 2);
  assert.deepEqual(manifest.match(/^\[image\.(.+)\]$/gm), ['[image.kernel]', '[image.rootfs]']);
});
