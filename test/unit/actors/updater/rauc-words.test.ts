import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsIn, inspectedIn, progressIn, refusalIn, slotsIn } from '../../../../actors/updater/rauc-words.ts';
import type { Refusal } from '../../../../core/image/slots.ts';

interface Part {
  readonly version?: string;
  readonly status?: string;
}

const SUM = 'c'.repeat(64);
const content = ({ version, status = 'ok' }: Part) => ({
  ...(version && { checksum: { sha256: SUM, size: 7 } }),
  bundle: { compatible: 'bartizan-amd64', ...(version && { version }) },
  ...(version && { installed: { timestamp: '2026-11-22T14:13:43Z', count: 2 }, status }),
});

/** As RAUC 1.8 and 1.13 print it. */
const status = (kernel: Part, root: Part): string =>
  `\nrauc-Message: 14:06:23.896: Using central status file\n${JSON.stringify({
    compatible: 'bartizan-amd64',
    variant: '',
    booted: 'A',
    boot_primary: 'kernel.1',
    slots: [
      {
        'kernel.0': {
          class: 'kernel',
          bootname: 'A',
          state: 'booted',
          parent: null,
          boot_status: 'good',
          slot_status: content({}),
        },
      },
      {
        'rootfs.1': {
          class: 'rootfs',
          bootname: null,
          state: 'inactive',
          parent: 'kernel.1',
          boot_status: null,
          slot_status: content(root),
        },
      },
      {
        'rootfs.0': {
          class: 'rootfs',
          bootname: null,
          state: 'active',
          parent: 'kernel.0',
          boot_status: null,
          slot_status: content({}),
        },
      },
      {
        'kernel.1': {
          class: 'kernel',
          bootname: 'B',
          state: 'inactive',
          parent: null,
          boot_status: 'bad',
          slot_status: content(kernel),
        },
      },
    ],
  })}\n`;

const A = { name: 'A', state: 'good', isBooted: true, isFirst: false };
const B = { name: 'B', state: 'bad', isBooted: false, isFirst: true };

for (const [name, kernel, root, more] of [
  [
    'a whole slot has its version',
    { version: '1.1.0' },
    { version: '1.1.0' },
    { version: '1.1.0', installedAt: '2026-11-22T14:13:43Z', sums: { kernel: SUM, rootfs: SUM } },
  ],
  ['kernel and root of two versions are none', { version: '1.1.0' }, { version: '1.0.0' }, {}],
  ['a root that was not written to its end is none', { version: '1.1.0' }, { version: '1.1.0', status: 'failed' }, {}],
  ['a slot that was flashed has none', {}, {}, {}],
] as const)
  test(`slots: ${name}`, () =>
    assert.deepEqual(slotsIn(status(kernel, root)), {
      ok: true,
      value: { slots: [A, { ...B, ...more }], compatible: 'bartizan-amd64' },
    }));

for (const out of ['', 'nonsense', '{"slots":', '{"slots":[{"kernel.0":{"bootname":"A"}}]}', '{"slots":7}', '[]'])
  test(`slots: ${JSON.stringify(out)} is no status`, () => assert.equal(slotsIn(out).ok, false));

test('a bundle says its version and what it is for', () => {
  const images = [{ kernel: { checksum: SUM } }, { rootfs: { checksum: 'none' } }];
  const info = `rauc-Message: x\n${JSON.stringify({ compatible: 'c', version: '1.1.0', images })}\n`;
  assert.deepEqual(factsIn(info), { compatible: 'c', version: '1.1.0', sums: { kernel: SUM } });
  assert.equal(factsIn('{"compatible":"c","version":null}'), undefined);
  assert.equal(factsIn('{"compatible":"c","version":"1 0"}'), undefined);
});

test('a bundle on a server is told of over D-Bus', () => {
  const said =
    '{"type":"a{sv}","data":[{"manifest-hash":{"type":"s","data":"ab"},"update":{"type":"a{sv}","data":{"compatible":{"type":"s","data":"c"},"version":{"type":"s","data":"1.1.0"}}}}]}';
  assert.deepEqual(inspectedIn(said), { compatible: 'c', version: '1.1.0', sums: {} });
  assert.equal(inspectedIn('{"type":"a{sv}","data":[{}]}'), undefined);
  const variants = { version: { type: 's', data: '1.2.0' }, compatible: { type: 's', data: 'c' } };
  const nested = { update: { type: 'v', data: { type: 'a{sv}', data: variants } } };
  const image = { 'slot-class': { type: 's', data: 'kernel' }, checksum: { type: 's', data: SUM } };
  const images = { type: 'v', data: { type: 'aa{sv}', data: [image] } };
  assert.deepEqual(inspectedIn(JSON.stringify({ type: 'a{sv}', data: [{ ...nested, images }] })), {
    compatible: 'c',
    version: '1.2.0',
    sums: { kernel: SUM },
  });
});

test('progress', () => {
  assert.deepEqual(progressIn(' 85% Copying image to kernel.1'), { percent: 85, message: 'Copying image to kernel.1' });
  assert.equal(progressIn('idle'), undefined);
});

const REFUSED: readonly (readonly [said: string, code: Refusal])[] = [
  ['Failed mounting bundle: Failed to load dm table: Argument list too long, check DM_VERITY', 'crashed'],
  ['signature verification failed: Verify error: unable to get local issuer certificate', 'foreign'],
  ['LastError: signature verification failed: Verify error: self-signed certificate', 'foreign'],
  [
    'signature verification failed: error:1700009E:CMS routines::verification failure\n80:error:CMS_verify:content verify error',
    'damaged',
  ],
  ['Invalid bundle format: Signature size (1422902047201314864) exceeds bundle size', 'damaged'],
  ['LastError: Failed mounting bundle: Failed to load dm table: Invalid argument, check DM_VERITY', 'damaged'],
  [
    "LastError: Installation error: Compatible mismatch: Expected 'bartizan-amd64' but bundle manifest has 'x'",
    'incompatible',
  ],
  ['No such file: /run/bartizan-usb/a/b.raucb', 'unreachable'],
  [
    "LastError: Failed to download bundle http://127.0.0.1:1/x.raucb: Transfer failed: Couldn't connect to server",
    'unreachable',
  ],
  [
    'LastError: Installation error: Failed updating slot rootfs.1: Slot (1048576 bytes) is too small for image (2097152 bytes).',
    'no_space',
  ],
  ['LastError: Installation error: Failed updating slot: failed to write: No space left on device', 'no_space'],
  [
    'Error retrieving slot status via D-Bus: error calling D-Bus method "GetSlotStatus": already processing a different method',
    'busy',
  ],
  ['D-Bus name vanished', 'crashed'],
  [
    'Error retrieving slot status via D-Bus: error creating proxy: Could not connect: No such file or directory',
    'unavailable',
  ],
  ['LastError: something new', 'failed'],
  ['', 'failed'],
];
for (const [said, code] of REFUSED)
  test(`refusal: ${said.slice(0, 70)} is ${code}`, () => {
    const refused = refusalIn(`installing\n  0% Installing\n${said}\nInstalling \`/x\` failed\n`);
    assert.equal(refused.code, code);
    if (said.startsWith('LastError: ')) assert.ok(refused.text.includes(said.slice(11, 40)), refused.text);
  });
