import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isShipped, productionPackages, reachedFrom } from '../../../../image/tree/closure.ts';

test('what only developing takes, or another system, is not in a production installation', () => {
  const packages = {
    '': { version: '1.0.0' },
    'node_modules/tool': { version: '1.0.0', dev: true },
    'node_modules/both': { version: '1.0.0', devOptional: true },
    'node_modules/elsewhere': { version: '1.0.0', os: ['darwin'] },
    'node_modules/arm': { version: '1.0.0', os: ['linux'], cpu: ['arm64'] },
    'node_modules/x64': { version: '1.0.0', os: ['linux'], cpu: ['x64'], license: 'MIT' },
    'node_modules/a/node_modules/@scope/inner': { version: '2.0.0', license: 'ISC' },
  };
  assert.deepEqual(productionPackages({ packages }, 'x64'), [
    { path: 'node_modules/a/node_modules/@scope/inner', name: '@scope/inner', version: '2.0.0', licence: 'ISC' },
    { path: 'node_modules/x64', name: 'x64', version: '1.0.0', licence: 'MIT' },
  ]);
});

test('a package reaches what it names, the nearest one first', () => {
  const packages = {
    'node_modules/a': { dependencies: { b: '1', c: '1' } },
    'node_modules/a/node_modules/b': { dependencies: { c: '1' } },
    'node_modules/b': { dependencies: { d: '1' } },
    'node_modules/c': { optionalDependencies: { gone: '1' }, dependencies: { a: '1' } },
    'node_modules/d': {},
  };
  assert.deepEqual([...reachedFrom(['a'], { packages })].sort(), [
    'node_modules/a',
    'node_modules/a/node_modules/b',
    'node_modules/c',
  ]);
  assert.deepEqual([...reachedFrom(['b', 'none'], { packages })].sort(), ['node_modules/b', 'node_modules/d']);
});

const TARGET = { cpu: 'x64', abi: '137' };
for (const [name, file, shipped] of [
  ['pino', 'lib/proto.js', true],
  ['pino', 'docs/api.md', false],
  ['pino', 'test/basic.test.js', false],
  ['pino', 'LICENSE', true],
  ['typebox', 'license', true],
  ['typebox', 'build/index.d.mts', false],
  ['@fastify/busboy', 'deps/dicer/lib/Dicer.js', true],
  ['@fastify/busboy', 'deps/dicer/LICENSE', true],
  ['classic-level', 'deps/leveldb/port-libuv/port_uv.h', false],
  ['classic-level', 'deps/snappy/snappy/COPYING', true],
  ['classic-level', 'prebuilds/linux-x64/classic-level.node', true],
  ['classic-level', 'prebuilds/linux-x64/classic-level.musl.node', false],
  ['classic-level', 'prebuilds/linux-arm64/classic-level.armv8.node', false],
  ['@btc-vision/uwebsockets.js', 'uws_linux_x64_137.node', true],
  ['@btc-vision/uwebsockets.js', 'uws_linux_x64_141.node', false],
  ['@btc-vision/uwebsockets.js', 'uws_win32_x64_137.node', false],
  ['@ip-location-db/geo-whois-asn-country-mmdb', 'NRO_LICENSE', true],
] as const)
  test(`${name}/${file} is ${shipped ? 'shipped' : 'left out'}`, () => {
    assert.equal(isShipped(name, file, TARGET), shipped);
  });
