import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootWordsOf, releaseOf } from '../../../../core/image/release.ts';

const DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n';

for (const [text, expected] of [
  [DEBIAN, undefined],
  [`${DEBIAN}IMAGE_ID=bartizan\n`, undefined],
  [`${DEBIAN}IMAGE_ID=other\nIMAGE_VERSION=1\n`, undefined],
  [`${DEBIAN}IMAGE_ID=bartizan\nIMAGE_VERSION=1.2.0\n`, { version: '1.2.0', isLab: false }],
  [`IMAGE_ID="bartizan"\nIMAGE_VERSION='1.2.0~rc1'\nVARIANT_ID=lab\n`, { version: '1.2.0~rc1', isLab: true }],
  ['# IMAGE_ID=bartizan\nIMAGE_VERSION=1\n', undefined],
] as const)
  test(`os-release ${JSON.stringify(text.slice(-40))}`, () =>
    assert.deepEqual(releaseOf(text), expected && { imageId: 'bartizan', ...expected }));

for (const [line, expected] of [
  ['root=/dev/sda1 quiet', undefined],
  ['bartizan.slot=C', undefined],
  ['console=ttyS0 bartizan.slot=A rauc.slot=A\n', { slot: 'A' }],
  ['bartizan.slot=B bartizan.verity=0123456789abcdef0123 x', { slot: 'B', rootHash: '0123456789abcdef0123' }],
  ['bartizan.slot=B bartizan.verity=../../etc', { slot: 'B' }],
] as const)
  test(`command line ${line.trim()}`, () => assert.deepEqual(bootWordsOf(line), expected));
