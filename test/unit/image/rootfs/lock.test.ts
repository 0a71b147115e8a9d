import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { differences, fileOf, formatLock, type Pin, parseLock } from '../../../../image/rootfs/lock.ts';
import { parseWanted } from '../../../../image/rootfs/wanted.ts';
import { ROOT } from '../../../support/root.ts';

const pin = (name: string, changes: Partial<Pin> = {}): Pin => ({
  name,
  version: '1:2.3-4+deb13u1',
  architecture: 'amd64',
  role: 'keep',
  sha256: 'ab'.repeat(32),
  size: 1234,
  archive: 'security',
  path: `pool/updates/main/${name[0]}/${name}/${name}_2.3-4+deb13u1_amd64.deb`,
  ...changes,
});

test('pins are read as they were written, in the order of their names', () => {
  const read = parseLock(formatLock([pin('zlib1g'), pin('libc6', { role: 'build', archive: 'main' })]));
  assert.deepEqual(read, { ok: true, value: [pin('libc6', { role: 'build', archive: 'main' }), pin('zlib1g')] });
});

for (const [what, line] of Object.entries({
  'a short hash': 'aa 1 amd64 keep abc 1 main pool/a.deb',
  'an unknown role': `aa 1 amd64 maybe ${'0'.repeat(64)} 1 main pool/a.deb`,
  'a path outside the pool': `aa 1 amd64 keep ${'0'.repeat(64)} 1 main ../../a.deb`,
  'another archive': `aa 1 amd64 keep ${'0'.repeat(64)} 1 elsewhere pool/a.deb`,
}))
  test(`a lock with ${what} is refused`, () => {
    const read = parseLock(`# comment\n${line}\n`);
    assert.ok(!read.ok && read.public.startsWith('line 2 '));
  });

test('a package pinned twice is refused', () => {
  const twice = `${formatLock([pin('aa')])}${formatLock([pin('aa', { version: '9' })])}`;
  assert.match(JSON.stringify(parseLock(twice)), /pins aa again/);
});

test('differences name what came, went, changed, and what changed without a new version', () => {
  const old = [pin('gone'), pin('newer'), pin('same'), pin('forged'), pin('moved')];
  const fresh = [
    pin('came'),
    pin('newer', { version: '2' }),
    pin('same'),
    pin('forged', { sha256: 'cd'.repeat(32) }),
    pin('moved', { role: 'build' }),
  ];
  assert.deepEqual(differences(old, fresh), [
    '+ came 1:2.3-4+deb13u1',
    '! forged 1:2.3-4+deb13u1: same version, other bytes',
    '- gone 1:2.3-4+deb13u1',
    '~ moved keep -> build',
    '~ newer 1:2.3-4+deb13u1 -> 2',
  ]);
  assert.deepEqual(differences(old, old), []);
});

test('a .deb bears its epoch as apt writes it', () => {
  assert.equal(fileOf(pin('zlib1g')), 'zlib1g_1%3a2.3-4+deb13u1_amd64.deb');
});

test("the repository's own pins and declaration are well-formed, and each declared package is pinned in its role", () => {
  const pins = parseLock(readFileSync(join(ROOT, 'image/packages.lock'), 'utf8'));
  const wanted = parseWanted(readFileSync(join(ROOT, 'image/rootfs/packages'), 'utf8'));
  assert.ok(pins.ok && wanted.ok);
  const roles = new Map(pins.value.map((one) => [one.name.replace(/^(linux-image-)\d.*/, '$1amd64'), one.role]));
  for (const { name, role } of wanted.value) assert.equal(roles.get(name), role, name);
  assert.ok(!pins.value.some((one) => one.role === 'keep' && one.name.startsWith('initramfs-tools')));
});
