import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceComponent, urlsOf } from '../../../../actors/daemon/status-page.ts';
import { fail, ok } from '../../../../core/base/result.ts';
import { millis } from '../../../../core/base/time.ts';
import type { Serial } from '../../../../core/field/serial.ts';

const HOST = ['127.0.0.1', '::1', 'fe80::1', '169.254.7.7', '2001:db8::7', '192.0.2.7', '192.0.2.7'];

for (const { listen, urls } of [
  { listen: '0.0.0.0:9443', urls: ['https://192.0.2.7:9443/'] },
  { listen: '[::]:9443', urls: ['https://192.0.2.7:9443/', 'https://[2001:db8::7]:9443/'] },
  { listen: '192.0.2.9:1', urls: ['https://192.0.2.9:9443/'] },
  { listen: '[2001:db8::9]:1', urls: ['https://[2001:db8::9]:9443/'] },
])
  test(`a console that listens on ${listen} is reached under ${urls.join(', ')}`, () =>
    assert.deepEqual(urlsOf(listen, 9443, HOST), urls));

test('a device without an identity is a component that is not well', () => {
  const device = { serial: '4K7Q-M2XW-9TS' as Serial, keyFingerprint: 'SHA256:z', publicKey: '' };
  assert.equal(deviceComponent(ok(device), millis(0)).detail, 'serial 4K7Q-M2XW-9TS, key SHA256:z');
  const { state, message } = deviceComponent(fail('damaged', 'why'), millis(0));
  assert.deepEqual([state, message], ['degraded', 'why']);
});
