import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peerNames } from '../../../../../actors/http/uws/peer.ts';

const bytes = (hex: string): ArrayBuffer => Uint8Array.from(Buffer.from(hex, 'hex')).buffer;

test('addresses are canonical, those of IPv4 in IPv6 as IPv4, and the same when seen again', () => {
  const nameOf = peerNames();
  for (let i = 0; i < 2; i++)
    assert.deepEqual(
      [
        'c0000207',
        '00000000000000000000ffffc0000207',
        '20010db8000000000000000000000001',
        '00000000000000000000000000000001',
        '',
      ].map((hex) => nameOf(bytes(hex))),
      ['192.0.2.7', '192.0.2.7', '2001:db8::1', '::1', 'unknown'],
    );
});
