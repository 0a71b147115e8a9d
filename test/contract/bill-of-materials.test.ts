import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { debianInventory, npmInventory, ownInventory } from '../../image/sbom/collect.ts';
import type { Component } from '../../image/sbom/component.ts';
import { type Bom, bomOf } from '../../image/sbom/cyclonedx.ts';
import { type Lockfile, productionPackages } from '../../image/tree/closure.ts';
import { ROOT } from '../support/root.ts';

const SCHEMAS = join(ROOT, 'test/fixtures/cyclonedx');
const VALIDATOR = fileURLToPath(new URL('../support/bill-validator.js', import.meta.url));
const BUILT = join(ROOT, 'build/image');

const wrongIn = (bill: unknown): readonly string[] =>
  JSON.parse(
    execFileSync(process.execPath, [VALIDATOR, SCHEMAS], { input: JSON.stringify(bill), encoding: 'utf8' }),
  ) as readonly string[];

/** As the image has them. */
function parts(): readonly Component[] {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;
  const npm = npmInventory(ROOT, productionPackages(lock, 'x64'));
  const own = ownInventory(ROOT, '1.0.0', ['usr/lib/bartizan/dist/native/nft.node']);
  const debian: readonly Component[] = [
    { origin: 'debian', name: 'libstdc++6', version: '14.2.0-19+b1', licences: ['GPL-3+ with GCC exception'] },
    {
      origin: 'debian',
      name: 'zlib1g',
      version: '1:1.3.dfsg+really1.3.1-1+b1',
      licences: ['Zlib', 'FSF, all permissive'],
    },
  ].map((one) => ({ ...one, origin: 'debian', purl: `pkg:deb/debian/${one.name}@x`, sha256: 'ab'.repeat(32) }));
  return [...debian, ...npm.parts, ...own.parts];
}

test('the bill of materials is valid by the schema of CycloneDX 1.6', () => {
  assert.deepEqual(wrongIn(bomOf('1.0.0', 'amd64', parts(), 1_700_000_000)), []);
});

test('the schema finds what is wrong with one', () => {
  const bill = bomOf('1.0.0', 'amd64', parts(), 1_700_000_000);
  const [first, ...others] = bill.components;
  for (const wrong of [
    { ...bill, serialNumber: 'urn:uuid:1' },
    { ...bill, components: [{ ...first, type: 'thing' }, ...others] },
    { ...bill, components: [{ ...first, licenses: [{ license: {} }] }, ...others] },
    { ...bill, components: [first, first, ...others] },
    { ...bill, metadata: { ...bill.metadata, timestamp: 'yesterday' } },
  ])
    assert.notDeepEqual(wrongIn(wrong), []);
});

test('every part of it has a licence, and every package of npm the text of it', () => {
  const bill = bomOf('1.0.0', 'amd64', parts(), 0);
  assert.ok(bill.components.length > 20, String(bill.components.length));
  assert.deepEqual(
    bill.components.filter(({ licenses = [] }) => licenses.length === 0).map(({ name }) => name),
    [],
  );
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;
  const packages = productionPackages(lock, 'x64');
  const { texts } = npmInventory(ROOT, packages);
  const untold = packages.filter(({ name, version }) => !texts.some(({ of }) => of === `${name} ${version} (npm)`));
  assert.deepEqual(
    untold.map(({ name }) => name),
    [],
  );
});

test('a package whose licence nobody can tell stops the build', () => {
  const packages = [{ path: 'node_modules/level', name: 'level', version: '1.0.0', licence: undefined }];
  assert.throws(() => npmInventory(ROOT, packages), /level 1\.0\.0 \(npm\) does not say its licence/);
  assert.throws(
    () =>
      debianInventory(
        [{ name: 'x', version: '1', architecture: 'amd64', sha256: '', role: 'root' } as never],
        ['/none'],
      ),
    /x 1 has no copyright file/,
  );
});

/** One of an earlier program says what that one was. */
const built = (() => {
  const program = statSync(join(ROOT, 'dist/.built')).mtimeMs;
  try {
    const bills = readdirSync(BUILT).filter((name) => /(?:cdx|sbom).*\.json$/.test(name));
    return bills.filter((name) => statSync(join(BUILT, name)).mtimeMs > program);
  } catch {
    return [];
  }
})();
const skip = built.length === 0 && 'no image was built of this program';
test('so is that of the image that was built here', { skip }, () => {
  for (const name of built) {
    const bill = JSON.parse(readFileSync(join(BUILT, name), 'utf8')) as Bom;
    assert.deepEqual(wrongIn(bill), []);
    assert.deepEqual(
      bill.components.filter(({ licenses = [] }) => licenses.length === 0),
      [],
    );
  }
});
