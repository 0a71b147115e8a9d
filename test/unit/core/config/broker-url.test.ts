import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrongBroker, wrongProxy } from '../../../../core/config/broker-url.ts';

for (const { url, right } of [
  { url: 'mqtts://mqtt.example.net', right: true },
  { url: 'mqtts://mqtt.example.net:8883', right: true },
  { url: 'mqtts://[2001:db8::1]:8883/', right: true },
  { url: 'wss://mqtt.example.net/mqtt?fleet=1', right: true },
  { url: 'mqtt://mqtt.example.net', right: false },
  { url: 'ws://mqtt.example.net', right: false },
  { url: 'https://mqtt.example.net', right: false },
  { url: 'mqtts://mqtt.example.net/path', right: false },
  { url: 'mqtts://me:secret@mqtt.example.net', right: false },
  { url: 'mqtts://', right: false },
  { url: 'mqtt.example.net:8883', right: false },
  { url: '', right: false },
])
  test(`broker ${url} is ${right ? 'right' : 'wrong'}`, () => assert.equal(wrongBroker(url) === undefined, right));

for (const { url, right } of [
  { url: 'http://proxy.example.net:3128', right: true },
  { url: 'http://[2001:db8::1]:3128/', right: true },
  { url: 'https://proxy.example.net:3128', right: false },
  { url: 'http://me:secret@proxy.example.net', right: false },
  { url: 'http://proxy.example.net/path', right: false },
  { url: 'proxy', right: false },
])
  test(`proxy ${url} is ${right ? 'right' : 'wrong'}`, () => assert.equal(wrongProxy(url) === undefined, right));
