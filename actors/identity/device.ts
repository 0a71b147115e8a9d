import { hash } from 'node:crypto';
import type { Log, Random } from '../../core/base/ports.ts';
import { type Failure, fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import type { DeviceIdentity } from '../../core/field/device.ts';
import { isRealProductSerial, readSerial, type Serial, serialOf } from '../../core/field/serial.ts';
import { type DeviceKey, makeDeviceKey, readDeviceKey } from './device-key.ts';
import { type FilePort, writeWhole } from './files.ts';

export const DEVICE_KEY = 'device.key';
export const SERIAL = 'serial';

/** What the machine's DMI table says; empty where it says nothing, or nothing that we may read. */
export interface Dmi {
  readonly vendor: string;
  readonly product: string;
  readonly serial: string;
}

export interface DeviceDeps {
  readonly files: FilePort;
  readonly random: Random;
  readonly log: Log;
  /** `/ident/bartizan` on an appliance, else `<state>/ident`; nothing else is written there. */
  readonly directory: string;
  readonly dmi: () => Promise<Dmi>;
}

export interface Device extends DeviceIdentity {
  readonly key: DeviceKey;
}

/** `damaged`: what is there is not ours to replace. `failed`: it cannot be read or written. */
export type DeviceRefusal = 'damaged' | 'failed';

/**
 * The device's key and serial: read, and made where neither was ever made. What is damaged or half missing is never made
 * anew over: another key under the same serial would be another device. A power cut within the first start is another
 * matter: the key is written first, and a key without a serial gets the serial that it would have got.
 */
export async function openDevice(deps: DeviceDeps): Promise<Result<Device, DeviceRefusal>> {
  const { files, directory } = deps;
  try {
    await files.makeDirectory(directory, 0o700);
    const keyText = await files.read(`${directory}/${DEVICE_KEY}`);
    const serialText = await files.read(`${directory}/${SERIAL}`);
    const key = keyText === undefined ? undefined : readDeviceKey(keyText);
    if (keyText !== undefined && key === undefined) return damaged(deps, `${DEVICE_KEY} is not an Ed25519 private key`);
    if (serialText === undefined) return ok(await made(deps, key));
    const serial = readSerial(serialText);
    if (serial === undefined) return damaged(deps, `${SERIAL} holds no serial`);
    if (key === undefined) return damaged(deps, `${SERIAL} is there, and ${DEVICE_KEY} is missing`);
    return ok(deviceOf(key, serial));
  } catch (cause) {
    return fail(
      'failed',
      `the device's identity in ${directory} cannot be read or written: ${messageOf(cause)}`,
      cause,
    );
  }
}

async function made(deps: DeviceDeps, old: DeviceKey | undefined): Promise<Device> {
  const { files, directory, random, log } = deps;
  const key = old ?? makeDeviceKey(random.bytes(32));
  const serial = serialFor(await deps.dmi(), key);
  if (old === undefined) await writeWhole(files, directory, DEVICE_KEY, { text: key.pem, mode: 0o400 });
  await writeWhole(files, directory, SERIAL, { text: `${serial}\n`, mode: 0o444 });
  log('info', 'device identity made', { serial, fingerprint: key.fingerprint });
  return deviceOf(key, serial);
}

/** Of the machine where its maker gave it a number, else of the key: the same again for as long as they last. */
function serialFor({ vendor, product, serial }: Dmi, key: DeviceKey): Serial {
  const source = isRealProductSerial(serial)
    ? `dmi\n${vendor.trim()}\n${product.trim()}\n${serial.trim()}`
    : `key\n${key.publicText}`;
  return serialOf(hash('sha256', `bartizan serial 1\n${source}`, 'buffer'));
}

const deviceOf = (key: DeviceKey, serial: Serial): Device => ({
  serial,
  keyFingerprint: key.fingerprint,
  publicKey: key.publicText,
  key,
});

const damaged = ({ directory }: DeviceDeps, what: string): Failure<'damaged'> =>
  fail(
    'damaged',
    `the device's identity in ${directory} is damaged: ${what}. It is not made anew, since it would be another device: ` +
      `restore both files from a copy, or delete ${DEVICE_KEY} and ${SERIAL} there to be a new device from the next start on`,
  );
