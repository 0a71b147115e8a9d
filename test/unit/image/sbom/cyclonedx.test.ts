import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Component } from '../../../../image/sbom/component.ts';
import { bomOf } from '../../../../image/sbom/cyclonedx.ts';

const debian: Component = {
  origin: 'debian',
  name: 'zlib1g',
  version: '1:1.3',
  purl: 'pkg:deb/debian/zlib1g@1:1.3?arch=amd64&distro=trixie',
  licences: ['Zlib'],
  sha256: 'ab'.repeat(32),
};
const npm: Component = {
  origin: 'npm',
  name: '@peculiar/x509',
  version: '2.2.0',
  purl: 'pkg:npm/%40peculiar/x509@2.2.0',
  licences: ['MIT'],
};

test('the bill holds what CycloneDX 1.6 requires', () => {
  const bom = bomOf('1.0.0', 'amd64', [npm, debian], 1_700_000_000);
  assert.equal(bom.bomFormat, 'CycloneDX');
  assert.equal(bom.specVersion, '1.6');
  assert.match(bom.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(bom.metadata.timestamp, '2023-11-14T22:13:20Z');
  for (const one of [bom.metadata.component, ...bom.components]) {
    assert.ok(['operating-system', 'library', 'application'].includes(one.type));
    assert.ok(one.name !== '' && one.version !== '');
  }
  const refs = bom.components.map((one) => one['bom-ref']);
  assert.equal(new Set(refs).size, refs.length);
  assert.deepEqual(bom.dependencies, [{ ref: bom.metadata.component['bom-ref'], dependsOn: refs }]);
});

test("npm's licence is an expression, Debian's a name; a scope is a group", () => {
  const [one, other] = bomOf('1.0.0', 'amd64', [npm, debian], 0).components;
  assert.deepEqual(one?.licenses, [{ license: { name: 'Zlib' } }]);
  assert.deepEqual(one?.hashes, [{ alg: 'SHA-256', content: 'ab'.repeat(32) }]);
  assert.deepEqual(other?.licenses, [{ expression: 'MIT' }]);
  assert.deepEqual([other?.group, other?.name], ['@peculiar', 'x509']);
});

test('the same parts give the same bill in whatever order, other parts another serial number', () => {
  const bill = bomOf('1.0.0', 'amd64', [npm, debian], 0);
  assert.deepEqual(bill, bomOf('1.0.0', 'amd64', [debian, npm], 0));
  assert.notEqual(bill.serialNumber, bomOf('1.0.0', 'amd64', [debian], 0).serialNumber);
});
