import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dmi, openDevice } from '../../../../actors/identity/device.ts';
import { isSigned, makeDeviceKey, readDeviceKey } from '../../../../actors/identity/device-key.ts';
import { readSerial } from '../../../../core/field/serial.ts';
import { MemoryFiles } from '../../../support/memory-files.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const KEY = '/ident/device.key';
const SERIAL = '/ident/serial';
const NO_DMI: Dmi = { vendor: '', product: '', serial: '' };
const DMI: Dmi = { vendor: 'Maker', product: 'Box 1', serial: 'CZC1234XYZ\n' };

const opened = (files: MemoryFiles, { seed = 1, dmi = NO_DMI } = {}) =>
  openDevice({
    files,
    random: seededRandom(seed),
    log: () => {},
    directory: '/ident',
    dmi: async () => dmi,
  });

async function good(files: MemoryFiles, given?: Parameters<typeof opened>[1]) {
  const device = await opened(files, given);
  assert.ok(device.ok, device.ok ? '' : device.public);
  return device.value;
}

test('a first start makes a key for its owner only and a serial; later ones find the same', async () => {
  const files = new MemoryFiles();
  const first = await good(files);
  assert.deepEqual(files.paths(), [KEY, SERIAL]);
  assert.equal(files.mode(KEY), 0o400);
  assert.equal(files.mode(SERIAL), 0o444);
  assert.equal(files.text(SERIAL), `${first.serial}\n`);
  assert.equal(readSerial(first.serial), first.serial);
  const again = await good(files, { seed: 2, dmi: DMI });
  assert.deepEqual([again.serial, again.keyFingerprint], [first.serial, first.keyFingerprint]);
});

test("the serial is the machine's where its maker gave it one: another key, the same serial", async () => {
  const one = await good(new MemoryFiles(), { seed: 1, dmi: DMI });
  const other = await good(new MemoryFiles(), { seed: 2, dmi: DMI });
  assert.equal(one.serial, other.serial);
  assert.notEqual(one.keyFingerprint, other.keyFingerprint);
  const filled = { ...DMI, serial: 'To be filled by O.E.M.' };
  const third = await good(new MemoryFiles(), { seed: 1, dmi: filled });
  const fourth = await good(new MemoryFiles(), { seed: 2, dmi: filled });
  assert.notEqual(third.serial, fourth.serial);
});

test('power may fail at any moment of the first start', async () => {
  const whole = new MemoryFiles();
  await good(whole);
  for (const keeps of ['everything', 'synced'] as const)
    for (const afterEffect of [false, true])
      for (let dieAt = 1; dieAt <= whole.operations; dieAt++) {
        const files = new MemoryFiles();
        files.dieAt = dieAt;
        files.afterEffect = afterEffect;
        const cut = await opened(files);
        assert.equal(cut.ok, false);
        files.reboot(keeps);
        const kept = files.text(KEY);
        const device = await good(files, { seed: 2 });
        assert.deepEqual(files.paths(), [KEY, SERIAL]);
        if (kept !== undefined) assert.equal(device.key.pem, kept, 'a key that is there is kept');
      }
});

for (const { what, put, says } of [
  { what: 'a damaged key', put: { [KEY]: 'no key' }, says: /device\.key is not an Ed25519/ },
  { what: 'an empty key', put: { [KEY]: '' }, says: /device\.key is not an Ed25519/ },
  { what: 'a damaged serial', put: { [SERIAL]: 'no serial\n' }, says: /serial holds no serial/ },
  { what: 'a missing key', put: { [KEY]: undefined }, says: /device\.key is missing/ },
])
  test(`${what} is never replaced`, async () => {
    const files = new MemoryFiles();
    await good(files);
    for (const [path, text] of Object.entries(put)) {
      if (text === undefined) files.erase(path);
      else files.put(path, text);
    }
    const before = files.paths().map((path) => files.text(path));
    const device = await opened(files, { seed: 2 });
    assert.ok(!device.ok);
    assert.equal(device.code, 'damaged');
    assert.match(device.public, says);
    assert.match(device.public, /not made anew/);
    assert.deepEqual(
      files.paths().map((path) => files.text(path)),
      before,
    );
  });

test('what cannot be read is no reason to make another', async () => {
  const files = new MemoryFiles();
  await good(files);
  const before = files.text(KEY);
  files.read = async () => {
    throw new Error('EIO: i/o error, read');
  };
  const device = await opened(files, { seed: 2 });
  assert.ok(!device.ok);
  assert.equal(device.code, 'failed');
  assert.match(device.public, /EIO/);
  assert.equal(files.text(KEY), before);
});

test('the fingerprint is the one that OpenSSH prints', () => {
  const key = makeDeviceKey(new Uint8Array(32).fill(7));
  assert.equal(key.publicText, 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs');
  assert.equal(key.fingerprint, 'SHA256:z/fSv0Z0RZS+Lccbc6ZoOWwt/fbj1VFJGSBKQbo4icE');
});

test('a signature is of one key, one use and one text', () => {
  const key = makeDeviceKey(new Uint8Array(32).fill(7));
  const other = makeDeviceKey(new Uint8Array(32).fill(8));
  const signature = key.sign('use 1', 'text');
  assert.ok(isSigned(key.publicText, 'use 1', 'text', signature));
  assert.equal(isSigned(other.publicText, 'use 1', 'text', signature), false);
  assert.equal(isSigned(key.publicText, 'use 2', 'text', signature), false);
  assert.equal(isSigned(key.publicText, 'use 1', 'texts', signature), false);
  assert.equal(isSigned('ssh-rsa AAAA', 'use 1', 'text', signature), false);
  assert.equal(readDeviceKey(key.pem)?.fingerprint, key.fingerprint);
});
