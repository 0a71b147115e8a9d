import { type Static, Type } from 'typebox';
import type { ShownDevice } from '../../field/device.ts';
import { endpoint } from '../deps.ts';

export const DeviceRow = Type.Object({
  serial: Type.Optional(Type.String({ description: 'As printed on the label, e.g. 4K7Q-M2XW-9T9' })),
  key_fingerprint: Type.Optional(
    Type.String({ description: 'Of the device key, as OpenSSH prints it: SHA256: and base64' }),
  ),
  public_key: Type.Optional(Type.String({ description: 'ssh-ed25519 and base64' })),
  trouble: Type.Optional(Type.String({ description: 'Why the device has no identity' })),
});

export const identity = endpoint({
  name: 'identity',
  method: 'GET',
  path: '/api/v1/identity',
  scope: 'read',
  summary: 'Which device this is: its serial and its key',
  response: DeviceRow,
  errors: [],
  handler: async ({ deps }) => ({ ok: true, value: deviceRow((await deps.appliance.facts()).device) }),
});

function deviceRow(device: ShownDevice): Static<typeof DeviceRow> {
  if ('trouble' in device) return { trouble: device.trouble };
  return { serial: device.serial, key_fingerprint: device.keyFingerprint, public_key: device.publicKey };
}
